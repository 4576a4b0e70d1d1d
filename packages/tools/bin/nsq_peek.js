#!/usr/bin/env node
import '../dist/nsq-peek/main.js'
