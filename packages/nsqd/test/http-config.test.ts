import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nsqdTable } from '../src/options.ts'
import { expandStatsdPrefix } from '../src/stats/statsd-prefix.ts'
import { RawHttp } from './support/raw-http.ts'
import { startNsqd, type TestNsqd } from './support/start-nsqd.ts'

async function config(d: TestNsqd, key: string): Promise<string> {
  return (await d.ask('GET', `/config/${key}`)).body
}

describe('GET /config', () => {
  test('answers every option that has a key, and nothing else', async () => {
    await using d = await startNsqd()
    for (const { key, flag } of Object.values(nsqdTable)) {
      const { status } = await d.ask('GET', `/config/${key ?? flag}`)
      expect([key ?? flag, status]).toEqual([key ?? flag, key === null ? 400 : 200])
    }
    for (const key of ['node_id', 'LOG_LEVEL', 'msg-timeout', 'constructor', '__proto__']) {
      expect(await d.ask('GET', `/config/${key}`)).toMatchObject({ status: 400, body: '{"message":"INVALID_OPTION"}' })
    }
  })

  test('strings are text, an empty one an empty body, everything else JSON', async () => {
    await using d = await startNsqd('--tls-min-version=tls1.2', '--e2e-processing-latency-percentile=0.5,1')
    expect(await d.ask('GET', '/config/http_address')).toMatchObject({
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-nsq-content-type': 'nsq; version=1.0' },
      body: '127.0.0.1:0',
    })
    const empty = await d.ask('GET', '/config/tls_cert')
    expect([empty.headers['content-type'], empty.body]).toEqual([undefined, ''])
    expect(await d.ask('GET', '/config/msg_timeout')).toMatchObject({
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '60000000000',
    })
    expect(await config(d, 'tls_min_version')).toBe('771')
    expect(await config(d, 'e2e_processing_latency_percentiles')).toBe('[1,0.5]')
    expect(await config(d, 'snappy')).toBe('true')
  })

  test('ports and the statsd prefix are those in effect', async () => {
    await using d = await startNsqd('--broadcast-address=node-1.example')
    expect(await config(d, 'broadcast_tcp_port')).toBe(String(d.tcpPort))
    expect(await config(d, 'broadcast_http_port')).toBe(String(d.httpPort))
    expect(await config(d, 'statsd_prefix')).toBe(`nsq.node-1_example_${d.httpPort}.`)
    await using told = await startNsqd('--broadcast-http-port=80', '--broadcast-tcp-port=81', '--statsd-prefix=a.%s.%s')
    expect(await config(told, 'broadcast_tcp_port')).toBe('81')
    expect(await config(told, 'statsd_prefix')).toMatch(/^a\.(\S+_80)\.\1\.$/)
  })

  test.each([
    ['', 'h', 1, ''],
    ['plain', 'h', 1, 'plain.'],
    ['dotted.', 'h', 1, 'dotted.'],
    ['nsq.%s', '127.0.0.1', 4151, 'nsq.127_0_0_1_4151.'],
    ['nsq.%s', '::1', 4151, 'nsq.[__1]_4151.'],
    ['%s', "a$&b$'", 0, "a$&b$'_0."],
  ])('the statsd prefix %j on %s:%i comes to %j', (prefix, host, port, expected) => {
    expect(expandStatsdPrefix(prefix, host, port)).toBe(expected)
  })
})

describe('PUT /config', () => {
  test('log_level takes effect at once', async () => {
    await using d = await startNsqd()
    for (const [word, number] of [
      ['error', '4'],
      ['Debug', '1'],
    ] as const) {
      expect(await d.ask('PUT', '/config/log_level', word)).toMatchObject({ status: 200, body: number })
      expect(await config(d, 'log_level')).toBe(number)
      expect(d.nsqd.logger.level).toBe(Number(number))
    }
  })

  test('nsqlookupd_tcp_addresses takes a list', async () => {
    await using d = await startNsqd()
    const put = (body: string) => d.ask('PUT', '/config/nsqlookupd_tcp_addresses', body)
    expect((await put(' ["a:1", "b:2"] ')).body).toBe('["a:1","b:2"]')
    expect(d.nsqd.options.lookupdTcpAddresses).toEqual(['a:1', 'b:2'])
    for (const bad of ['"a:1"', 'a:1', '[1]', '{}', '["a:1",]', '7']) {
      expect(await put(bad)).toMatchObject({ status: 400, body: '{"message":"INVALID_VALUE"}' })
    }
    expect(await config(d, 'nsqlookupd_tcp_addresses')).toBe('["a:1","b:2"]')
    expect((await put('null')).body).toBe('null')
    expect(d.nsqd.options.lookupdTcpAddresses).toEqual([])
    expect((await put('[]')).body).toBe('[]')
  })

  test.each([
    ['log_level', '', 413, 'INVALID_VALUE'],
    ['log_level', 'x'.repeat(21), 413, 'INVALID_VALUE'],
    ['log_level', '"info"', 400, 'INVALID_VALUE'],
    ['log_level', 'info\n', 400, 'INVALID_VALUE'],
    ['log_level', '2', 400, 'INVALID_VALUE'],
    ['log_level', 'warning', 400, 'INVALID_VALUE'],
    ['mem_queue_size', '5', 400, 'INVALID_OPTION'],
    ['colour', 'red', 400, 'INVALID_OPTION'],
    ['colour', '', 413, 'INVALID_VALUE'],
  ])('%s to %j is refused: %i %s', async (key, value, status, code) => {
    await using d = await startNsqd('--max-msg-size=20')
    expect(await d.ask('PUT', `/config/${key}`, value)).toMatchObject({ status, body: `{"message":"${code}"}` })
    expect(await config(d, 'log_level')).toBe('2')
  })
})

describe('/ping and /info', () => {
  test('/ping is plain text without the NSQ header', async () => {
    await using d = await startNsqd()
    const { status, headers, body } = await d.ask('GET', '/ping')
    expect([status, body, headers['x-nsq-content-type']]).toEqual([200, 'OK', undefined])
  })

  test('/ping and /stats tell what is wrong', async () => {
    await using d = await startNsqd()
    Object.defineProperty(d.nsqd, 'health', { get: () => 'no space left on device' })
    expect(await d.ask('GET', '/ping')).toMatchObject({ status: 500, body: 'NOK - no space left on device' })
    expect((await d.stats()).health).toBe('NOK - no space left on device')
    expect((await d.ask('GET', '/stats')).body).toContain('\nHealth: NOK - no space left on device\n')
  })

  test('/info has ports, start time and limits, in this order', async () => {
    await using d = await startNsqd('--broadcast-http-port=80', '--max-heartbeat-interval=10s', '--topology-zone=z')
    const info = JSON.parse((await d.ask('GET', '/info')).body)
    expect(Object.keys(info).join()).toBe(
      'version,broadcast_address,hostname,http_port,tcp_port,start_time,max_heartbeat_interval,max_output_buffer_size,' +
        'max_output_buffer_timeout,max_deflate_level,topology_zone,topology_region',
    )
    expect(info).toMatchObject({
      http_port: d.httpPort,
      tcp_port: d.tcpPort,
      max_heartbeat_interval: 10_000_000_000,
      topology_zone: 'z',
    })
    expect(Math.abs(info.start_time - Date.now() / 1000)).toBeLessThan(60)
  })

  test('on a unix socket the HTTP port is -1, and 0 is announced', async () => {
    await using d = await startNsqd()
    const path = join(d.dataPath, 'http.sock')
    await using other = await startNsqd(`--http-address=${path}`, '--broadcast-address=vm')
    expect(JSON.parse((await RawHttp.ask(path, 'GET', '/info')).body)).toMatchObject({ http_port: -1 })
    expect((await RawHttp.ask(path, 'GET', '/config/broadcast_http_port')).body).toBe('0')
    expect((await RawHttp.ask(path, 'GET', '/config/statsd_prefix')).body).toBe('nsq.vm_0.')
    expect(other.nsqd.addresses.http?.text).toBe(path)
  })

  test('profiles are where Go programs have them', async () => {
    await using d = await startNsqd()
    expect((await d.ask('GET', '/debug/pprof/')).status).toBe(200)
    expect((await d.ask('GET', '/debug/pprof')).status).toBe(301)
    expect((await d.ask('GET', '/debug/pprof/trace')).status).toBe(404)
    expect((await d.ask('POST', '/debug/freememory')).status).toBe(200)
  })
})
