#!/usr/bin/env node
import '../dist/to-nsq/main.js'
