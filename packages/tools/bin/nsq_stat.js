#!/usr/bin/env node
import '../dist/nsq-stat/main.js'
