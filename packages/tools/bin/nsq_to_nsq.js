#!/usr/bin/env node
import '../dist/nsq-to-nsq/main.js'
