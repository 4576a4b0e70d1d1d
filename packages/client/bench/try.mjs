import { Producer } from '@nsq-ts/client'
const p = new Producer({ nsqd: '127.0.0.1:24150', batch: process.argv[2] !== 'nobatch' })
p.on('error', console.error).on('disconnect', console.error)
await p.connect()
const body = Buffer.alloc(100, 97)
for (let round = 0; round < 5; round++) {
  let t = performance.now()
  const all = []
  for (let i = 0; i < 100000; i++) all.push(p.publish('bench#ephemeral', body))
  await Promise.all(all)
  const c = process.cpuUsage()
  console.log('burst', Math.round(100000 / (performance.now() - t) * 1000), '/s')
  t = performance.now()
  for (let i = 0; i < 5000; i++) await p.publish('bench#ephemeral', body)
  console.log('await each', Math.round(5000 / (performance.now() - t) * 1000), '/s')
  t = performance.now()
  await Promise.all(Array.from({ length: 100 }, async () => { for (let i = 0; i < 1000; i++) await p.publish('bench#ephemeral', body) }))
  console.log('100 loops', Math.round(100000 / (performance.now() - t) * 1000), '/s')
}
console.log(p.stats)
await p.close()
