#!/usr/bin/env node
import '../dist/young-generation.js'

await import('../dist/main.js') // not before: loading it makes the young generation grow
