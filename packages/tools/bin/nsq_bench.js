#!/usr/bin/env node
import '../dist/nsq-bench/main.js'
