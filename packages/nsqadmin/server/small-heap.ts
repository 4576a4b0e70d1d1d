import { setFlagsFromString } from 'node:v8'

// Here memory is dearer than time. Every round over thousands of topics leaves tens of megabytes behind within some hundred milliseconds:
// V8 would let the young generation grow to 32 MB over that, and the old one to twice of what is alive. What is to live for long is made
// once and written over (NodeSampler, Columns), so that small ones do. bench/memory.mjs measures it.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=20')
