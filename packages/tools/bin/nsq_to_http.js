#!/usr/bin/env node
import '../dist/nsq-to-http/main.js'
