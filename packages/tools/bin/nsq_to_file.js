#!/usr/bin/env node
import '../dist/nsq-to-file/main.js'
