#!/usr/bin/env node
import '../dist/nsq-tail/main.js'
