// An application that shares its host with nsqd: publishes `<node> <number>` over HTTP, one after another, and prints the numbers
// that were acknowledged.
//
//   node publish-here.mjs <host:port> <topic> <node> <first number> <count>
const [address, topic, node, first, count] = process.argv.slice(2)
for (let number = Number(first); number < Number(first) + Number(count); number++) {
  const answer = await fetch(`http://${address}/pub?topic=${topic}`, { method: 'POST', body: `${node} ${number}` })
  if ((await answer.text()) === 'OK') console.log(number)
}
