#!/usr/bin/env node
import '../dist/data-tool/main.js'
