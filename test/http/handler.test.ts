import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createHandler, type Handler, type Identity } from '../../src/http/index.js'
import { LeewayError } from '../../src/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { enroll, NOW, settingOf } from '../service/setting.js'
import { type Host, hostOf, sessionOf } from './host.js'

const ORIGIN = 'https://example.com'
const CHANGE = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

/** Sends a request to the handler of a host. */
async function send(
  host: Host,
  line: string,
  { as = '', body, headers = {} }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; reason: string | undefined; json: Record<string, unknown> }> {
  const [method = '', path = ''] = line.split(' ')
  const request = new Request(ORIGIN + path, {
    method,
    headers: { ...CHANGE, cookie: as, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const response = await createHandler(host.handler)(request, undefined)
  const text = await response.text()
  const json = text === '' ? {} : JSON.parse(text)
  return { status: response.status, reason: json.type?.replace('urn:leeway:', ''), json }
}

async function administrator(host: Host): Promise<string> {
  await enroll(host, 'root')
  return sessionOf(host, 'root', 'mfa', { administrator: true })
}

describe('createHandler refuses options that cannot be used', () => {
  const good = hostOf().handler
  const none = { sessions: { raise: null, endOthers() {}, rememberSetup() {} } }
  it.each([
    [{ leeway: undefined }, TypeError],
    [{ identify: undefined }, TypeError],
    [{ sessions: undefined }, TypeError],
    [none, TypeError],
    [{ authorize: true }, TypeError],
    [{ exists: {} }, TypeError],
    [{ onError: 'log' }, TypeError],
    [{ basePath: 1 }, TypeError],
    [{ basePath: 'mfa' }, RangeError],
    [{ basePath: '/mfa/' }, RangeError],
    [{ basePath: '/' }, RangeError],
    [{ basePath: '/a?b' }, RangeError],
    [{ origin: 1 }, TypeError],
    [{ origin: 'example.com' }, RangeError],
    [{ origin: 'https://example.com/' }, RangeError],
    [{ allowedOrigins: 'https://example.com' }, TypeError],
    [{ allowedOrigins: ['null'] }, RangeError],
    [{ allowedOrigins: ['*'] }, RangeError],
    [{ basepath: '/mfa' }, TypeError],
  ])('%j', (options, error) => {
    expect(() => createHandler({ ...good, ...options } as never)).toThrow(error)
  })

  it('and takes an origin of an app', () => {
    expect(() => createHandler({ ...good, allowedOrigins: ['capacitor://localhost'], basePath: '' })).not.toThrow()
  })
})

describe('createHandler', () => {
  it('serves below its base path alone', async () => {
    for (const basePath of ['', '/account/mfa']) {
      const host = hostOf({ basePath })
      const as = sessionOf(host, 'ada', 'password')
      expect((await send(host, `GET ${basePath}/me`, { as })).status).toBe(200)
      expect((await send(host, 'GET /mfa/me', { as })).status).toBe(404)
    }
    const host = hostOf({ basePath: '/mfa' })
    expect((await send(host, 'GET /mfax/me')).status).toBe(404)
  })

  it('compares Origin with its own origin, behind whatever terminates TLS', async () => {
    const host = hostOf({ origin: 'https://public.example' })
    const as = sessionOf(host, 'ada', 'password')
    const from = (origin: string): Promise<{ status: number }> => {
      const headers = { cookie: as, 'content-type': 'application/json', origin }
      const request = new Request(`${ORIGIN}/mfa/me/postpone`, { method: 'POST', headers })
      return createHandler(host.handler)(request, undefined)
    }
    expect((await from('https://public.example')).status).toBe(200)
    expect((await from(ORIGIN)).status).toBe(403)
  })

  it('asks `authorize` in place of the flag, by the name of the method, and never for a level', async () => {
    const authorize = vi.fn((identity: Identity, _action: string, userId: string | null) => {
      return identity.userId === 'helper' && userId !== 'boss'
    })
    const host = hostOf({ authorize })
    await enroll(host, 'helper')
    const as = sessionOf(host, 'helper', 'mfa')
    expect((await send(host, 'POST /mfa/users/ada/unlock', { as })).status).toBe(200)
    expect(authorize).toHaveBeenLastCalledWith(
      expect.objectContaining({ userId: 'helper' }),
      'unlock',
      'ada',
      undefined,
    )
    expect(await send(host, 'POST /mfa/users/boss/unlock', { as })).toMatchObject({ status: 403, reason: 'forbidden' })
    expect((await send(host, 'GET /mfa/users', { as })).status).toBe(200)
    expect(authorize).toHaveBeenLastCalledWith(expect.anything(), 'list', null, undefined)
    expect(
      (await send(host, 'GET /mfa/rollout/export.csv', { as, body: undefined }).catch(() => ({ status: 200 }))).status,
    ).toBe(200)
    expect(authorize).toHaveBeenLastCalledWith(expect.anything(), 'exportCsv', null, undefined)
    const low = sessionOf(host, 'helper', 'challenge')
    expect(await send(host, 'GET /mfa/users', { as: low })).toMatchObject({ reason: 'challenge-required' })
    const root = await administrator(host)
    expect(await send(host, 'GET /mfa/users', { as: root })).toMatchObject({ reason: 'forbidden' })
  })

  it('takes nothing but true for a yes', async () => {
    for (const answer of [1, 'yes', {}, undefined]) {
      const host = hostOf({ authorize: () => answer as never })
      await enroll(host, 'root')
      const as = sessionOf(host, 'root', 'mfa', { administrator: true })
      expect(await send(host, 'GET /mfa/users', { as })).toMatchObject({ reason: 'forbidden' })
    }
  })

  it('asks for every user of an assignment: one no, and nothing is written', async () => {
    const host = hostOf({ authorize: (_identity, _action, userId) => userId !== 'boss' })
    const as = await administrator(host)
    const terms = { period: { days: 30 } }
    const named = { userIds: ['ada', 'boss'], terms }
    for (const path of ['assign', 'preview']) {
      expect(await send(host, `POST /mfa/rollout/${path}`, { as, body: named })).toMatchObject({ reason: 'forbidden' })
    }
    expect((await host.leeway.rollout.counts()).total).toBe(1)
    await host.leeway.requireEnrollment('boss', { period: { days: 9 } })
    const body = { filter: {}, terms, applyTo: 'replace' }
    for (const path of ['assign', 'preview']) {
      const { json } = await send(host, `POST /mfa/rollout/${path}`, { as, body })
      expect(json['failedCount']).toBe(2)
      expect(json['failed']).toEqual([
        { userId: 'boss', code: 'forbidden' },
        { userId: 'root', code: 'forbidden' },
      ])
    }
    expect((await host.leeway.status('boss')).requirement?.daysLeft).toBe(9)
  })

  it('answers 404 for users that the host does not know, after the level', async () => {
    const host = hostOf({ exists: async (userId) => userId !== 'nobody' })
    const as = await administrator(host)
    expect(await send(host, 'POST /mfa/users/nobody/suspend', { as })).toMatchObject({
      status: 404,
      reason: 'not-found',
    })
    expect((await send(host, 'POST /mfa/users/ada/suspend', { as })).status).toBe(200)
    const low = sessionOf(host, 'root', 'password', { administrator: true })
    expect(await send(host, 'POST /mfa/users/nobody/suspend', { as: low })).toMatchObject({
      reason: 'challenge-required',
    })
    const terms = { period: { days: 30 } }
    const body = { userIds: ['ada', 'nobody'], terms }
    const { json } = await send(host, 'POST /mfa/rollout/assign', { as, body })
    expect(json).toMatchObject({
      done: 2,
      changed: 1,
      failedCount: 1,
      failed: [{ userId: 'nobody', code: 'not-found' }],
    })
    await host.leeway.requireEnrollment('nobody', terms)
    const all = await send(host, 'POST /mfa/rollout/assign', { as, body: { filter: { prefix: 'n' }, terms } })
    expect(all.json['failed']).toEqual([{ userId: 'nobody', code: 'not-found' }])
  })

  it('names a thousand of those left out, and counts them all, over as many pages as there are', async () => {
    const host = hostOf({ exists: (userId) => !userId.startsWith('gone-') })
    const as = await administrator(host)
    const terms = { period: { days: 30 } }
    await host.leeway.rollout.assign(
      Array.from({ length: 1100 }, (_, at) => `gone-${at}`),
      terms,
    )
    const { json } = await send(host, 'POST /mfa/rollout/preview', { as, body: { filter: { prefix: 'gone' }, terms } })
    expect(json).toMatchObject({ users: 1100, failedCount: 1100 })
    expect(json['failed']).toHaveLength(1000)
  })

  it('takes what `authorize` and `exists` throw for the fault of the server', async () => {
    const broken = (): never => {
      throw new TypeError('hunter2 is not a function')
    }
    const body = { userIds: ['ada'], terms: { period: { days: 30 } } }
    for (const hooks of [{ authorize: broken }, { exists: broken }]) {
      const host = hostOf(hooks)
      const as = await administrator(host)
      const answer = await send(host, 'POST /mfa/rollout/assign', { as, body })
      expect(answer).toMatchObject({ status: 500, reason: 'internal' })
      expect(JSON.stringify(answer.json)).not.toContain('hunter2')
      const filtered = await send(host, 'POST /mfa/rollout/assign', {
        as,
        body: { ...body, userIds: undefined, filter: {} },
      })
      expect(filtered).toMatchObject({ status: 'authorize' in hooks ? 500 : 200 })
      expect(host.errors[0]).toEqual(new TypeError('hunter2 is not a function'))
    }
  })

  it.each([
    [{ userId: '' }],
    [{ userId: 'a'.repeat(256) }],
    [{ level: 'admin' }],
    [{ level: undefined }],
    [{ signedInAt: Number.NaN }],
    [{ signedInAt: undefined }],
    [{ signedInAt: NOW / 1000 + 0.5 }],
    [{ accountName: undefined }],
    [{ setupId: 7 }],
  ])('lets no identity pass that is none: %j', async (wrong) => {
    const host = hostOf()
    const as = sessionOf(host, 'ada', 'password', wrong as never)
    expect(await send(host, 'GET /mfa/me', { as })).toMatchObject({ status: 500, reason: 'internal' })
    expect(host.errors).toHaveLength(1)
  })

  it('answers 500 where identify forgets to answer', async () => {
    const host = hostOf({ identify: () => undefined as never })
    expect((await send(host, 'GET /mfa/me')).status).toBe(500)
  })

  it('answers 500 to a body that somebody has read, and never takes it for an empty one', async () => {
    const host = hostOf()
    const handler = createHandler(host.handler)
    const headers = { ...CHANGE, cookie: sessionOf(host, 'ada', 'password') }
    const used = new Request(`${ORIGIN}/mfa/me/setup`, { method: 'POST', headers, body: '{"restart":true}' })
    await used.text()
    expect((await handler(used, undefined)).status).toBe(500)
    const length = { ...headers, 'content-length': '16' }
    const gone = new Request(`${ORIGIN}/mfa/me/setup`, { method: 'POST', headers: length })
    expect((await handler(gone, undefined)).status).toBe(500)
    expect(host.errors.map(String)).toEqual([
      expect.stringContaining('the body was read before the handler'),
      expect.stringContaining('the body is gone'),
    ])
    expect((await host.leeway.status('ada')).setup).toBeNull()
  })

  it('refuses a body that announces more than it may, before reading it', async () => {
    const host = hostOf()
    const pull = vi.fn()
    const headers = { ...CHANGE, cookie: sessionOf(host, 'ada', 'password'), 'content-length': '16385' }
    const body = new ReadableStream({ pull }, { highWaterMark: 0 })
    const request = new Request(`${ORIGIN}/mfa/me/setup`, { method: 'POST', headers, body, duplex: 'half' } as never)
    expect((await createHandler(host.handler)(request, undefined)).status).toBe(413)
    expect(pull).not.toHaveBeenCalled()
  })

  it('stops reading a body that turns out to be too large', async () => {
    const host = hostOf()
    const cancel = vi.fn(() => Promise.reject(new Error('cannot be cancelled')))
    const headers = { ...CHANGE, cookie: sessionOf(host, 'ada', 'password') }
    const body = new ReadableStream({ pull: (queue) => queue.enqueue(new Uint8Array(10_000)), cancel })
    const request = new Request(`${ORIGIN}/mfa/me/setup`, { method: 'POST', headers, body, duplex: 'half' } as never)
    expect((await createHandler(host.handler)(request, undefined)).status).toBe(413)
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('refuses a body that is not UTF-8', async () => {
    const host = hostOf()
    const headers = { ...CHANGE, cookie: sessionOf(host, 'ada', 'password', { setupId: 'mine' }) }
    const body = new Uint8Array([...new TextEncoder().encode('{"code":"'), 0xff, 0x22, 0x7d])
    const request = new Request(`${ORIGIN}/mfa/me/setup/confirm`, { method: 'POST', headers, body })
    expect((await createHandler(host.handler)(request, undefined)).status).toBe(400)
  })

  it('shows the secret alone where names make the key URI too long for a QR code', async () => {
    const host = hostOf()
    const as = sessionOf(host, 'ada', 'password', { accountName: '漢'.repeat(255) })
    const { status, json } = await send(host, 'POST /mfa/me/setup', { as, body: {} })
    expect([status, json['qr'], typeof json['secret']]).toEqual([200, null, 'string'])
  })

  it('answers 500 for an account name that no app can show, which is the fault of the host', async () => {
    const host = hostOf()
    const as = sessionOf(host, 'ada', 'password', { accountName: 'ada:x' })
    expect(await send(host, 'POST /mfa/me/setup', { as, body: {} })).toMatchObject({ status: 500, reason: 'internal' })
    expect(String(host.errors[0])).toContain("accountName must not contain ':'")
  })

  it('answers 501 where the store has no directory', async () => {
    const { find, save, remove } = memoryRepository()
    const { leeway, clock } = settingOf({ repository: { find, save, remove } })
    const host = hostOf({ leeway })
    await enroll({ leeway, clock }, 'root')
    const as = sessionOf({ ...host, clock }, 'root', 'mfa', { administrator: true })
    const terms = { userIds: ['ada'], terms: { period: { days: 30 } } }
    const days = '?days=3&timeZone=UTC'
    const reads = ['/me/history', '/users', '/users/ada/history', '/rollout/counts', '/rollout/export.csv']
    for (const path of [...reads, `/rollout/forecast${days}`, `/rollout/progress${days}`]) {
      expect(await send(host, `GET /mfa${path}`, { as })).toMatchObject({ status: 501, reason: 'directory-required' })
    }
    for (const path of ['assign', 'preview']) {
      const answer = await send(host, `POST /mfa/rollout/${path}`, { as, body: terms })
      expect(answer).toMatchObject({ status: 501, reason: 'directory-required' })
    }
  })

  it.each([
    ['ERR_STORE', 503, 'store-unavailable'],
    ['ERR_CONTENDED', 503, 'contended'],
    ['ERR_CIPHER', 500, 'internal'],
    ['ERR_RECORD', 500, 'internal'],
    ['ERR_DIRECTORY_REQUIRED', 501, 'directory-required'],
    ['ERR_PROTECTED', 409, 'protected'],
  ] as const)('answers %s with %i', async (code, status, reason) => {
    const host = hostOf()
    const error = new LeewayError(code, 'hunter2')
    const leeway = { ...host.leeway, status: () => Promise.reject(error) }
    const failing: Host = { ...host, handler: { ...host.handler, leeway } }
    const as = await administrator(host)
    const answer = await send(failing, 'GET /mfa/users/ada', { as })
    expect(answer).toMatchObject({ status, reason })
    expect(JSON.stringify(answer.json)).not.toContain('hunter2')
    expect(host.errors).toEqual(status >= 500 ? [error] : [])
  })

  it('refuses what would stop a protected account, unless it is forced with a reason', async () => {
    const { leeway, clock } = settingOf({ policy: { protect: (userId) => userId === 'boss' } })
    const host = hostOf({ leeway })
    await enroll({ leeway, clock }, 'root')
    const as = sessionOf({ ...host, clock }, 'root', 'mfa', { administrator: true })
    const body = { terms: { period: 'none' } }
    const line = 'PUT /mfa/users/boss/requirement'
    expect(await send(host, line, { as, body })).toMatchObject({ status: 409, reason: 'protected' })
    const forced = { ...body, force: true, reason: 'he asked for it' }
    expect((await send(host, line, { as, body: forced })).status).toBe(200)
  })

  it('answers 500 to whatever is thrown, and tells it as it is', async () => {
    for (const thrown of [
      'a text',
      undefined,
      { name: 'LeewayError', code: 'ERR_STORE' },
      Object.assign(new Error('x'), { name: 'LeewayError', code: 'ERR_NEW' }),
    ]) {
      const errors: unknown[] = []
      const host = hostOf({ identify: () => Promise.reject(thrown), onError: (error) => void errors.push(error) })
      expect((await send(host, 'GET /mfa/me')).status).toBe(500)
      expect(errors).toHaveLength(1)
    }
  })

  it('changes nothing where onError itself fails, or is not there', async () => {
    const failing = hostOf({
      onError() {
        throw new Error('the log is full')
      },
    })
    failing.faults.identify = true
    expect((await send(failing, 'GET /mfa/me')).status).toBe(500)
    const silent = hostOf({ onError: undefined })
    silent.faults.identify = true
    expect((await send(silent, 'GET /mfa/me')).status).toBe(500)
  })
})

describe('a preview', () => {
  const body = JSON.stringify({ userIds: ['ada'], terms: { period: { days: 30 } } })

  it('that nobody waits for any more is no failure of the server', async () => {
    const host = hostOf()
    const headers = { ...CHANGE, cookie: await administrator(host) }
    const init = { method: 'POST', headers, body, signal: AbortSignal.abort() }
    const response = await createHandler(host.handler)(new Request(`${ORIGIN}/mfa/rollout/preview`, init), undefined)
    expect([response.status, host.errors]).toEqual([400, []])
  })

  it('is 503 where the store fails', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const rollout = { ...host.leeway.rollout, preview: () => Promise.reject(new LeewayError('ERR_STORE', 'gone')) }
    const failing: Host = { ...host, handler: { ...host.handler, leeway: { ...host.leeway, rollout } } }
    const answer = await send(failing, 'POST /mfa/rollout/preview', { as, body: JSON.parse(body) })
    expect(answer).toMatchObject({ status: 503, reason: 'store-unavailable' })
  })

  it('of many wrong ids is answered with some of them', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const wrong = { userIds: Array.from({ length: 5000 }, () => 7), terms: { period: 'none' } }
    const { json } = await send(host, 'POST /mfa/rollout/preview', { as, body: wrong })
    expect(json['errors']).toHaveLength(20)
    expect((json['errors'] as unknown[])[19]).toEqual({ pointer: '/userIds/19', rule: 'invalid_type' })
  })
})

describe('an assignment that is told bit by bit', () => {
  /** Begins one of so many users, whose answer is read by hand. */
  async function begun(host: Host, userIds: readonly string[]): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const as = await administrator(host)
    const headers = { ...CHANGE, cookie: as, accept: 'text/html, application/x-ndjson;q=0.9' }
    const body = JSON.stringify({ userIds, terms: { period: { days: 30 } } })
    const request = new Request(`${ORIGIN}/mfa/rollout/assign`, { method: 'POST', headers, body })
    const response = await createHandler(host.handler)(request, undefined)
    return (response.body as ReadableStream<Uint8Array>).getReader()
  }

  it('stops where nobody reads on', async () => {
    const host = hostOf()
    const userIds = Array.from({ length: 20_000 }, (_, at) => `user-${at}`)
    const reader = await begun(host, userIds)
    await reader.read()
    await reader.cancel()
    // Whatever was under way when the reader left is over once its store has nothing left to do.
    await vi.waitFor(async () => {
      const { total } = await host.leeway.rollout.counts()
      await new Promise((resolve) => setImmediate(resolve))
      expect((await host.leeway.rollout.counts()).total).toBe(total)
    })
    expect((await host.leeway.rollout.counts()).total).toBeLessThan(20_001)
  })

  it('leaves out the steps that a slow reader misses, and never the result', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const step = { changed: 0, unchanged: 0, failedCount: 0, failed: [], stoppedBy: null }
    const assign: Host['leeway']['rollout']['assign'] = async (_userIds, _terms, options) => {
      for (const done of [1, 2, 3]) options?.onProgress?.({ ...step, done, changed: done })
      return { ...step, done: 3, changed: 3 }
    }
    const leeway = { ...host.leeway, rollout: { ...host.leeway.rollout, assign } }
    const headers = { ...CHANGE, cookie: as, accept: 'application/x-ndjson' }
    const body = JSON.stringify({ userIds: ['ada'], terms: { period: { days: 30 } } })
    const request = new Request(`${ORIGIN}/mfa/rollout/assign`, { method: 'POST', headers, body })
    const response = await createHandler({ ...host.handler, leeway })(request, undefined)
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { progress: { done: 1, changed: 1, unchanged: 0, failedCount: 0 } },
      { result: { ...step, done: 3, changed: 3 } },
    ])
  })

  it('ends with the problem where something fails after the answer has begun, and tells the host', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const rollout = { ...host.leeway.rollout, assign: () => Promise.reject(new LeewayError('ERR_STORE', 'hunter2')) }
    const failing: Host = { ...host, handler: { ...host.handler, leeway: { ...host.leeway, rollout } } }
    const headers = { accept: 'application/x-ndjson' }
    const body = { userIds: ['ada'], terms: { period: { days: 30 } } }
    const { status, json } = await send(failing, 'POST /mfa/rollout/assign', { as, body, headers })
    expect([status, json]).toEqual([
      200,
      { problem: expect.objectContaining({ type: 'urn:leeway:store-unavailable' }) },
    ])
    expect(host.errors).toEqual([new LeewayError('ERR_STORE', 'hunter2')])
  })
})

describe('an export that fails half-way', () => {
  it('ends as an error, and tells the host', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const error = new LeewayError('ERR_STORE', 'gone')
    async function* exportCsv(): AsyncGenerator<string> {
      yield '"userId"\r\n'
      throw error
    }
    const rollout = { ...host.leeway.rollout, exportCsv }
    const handler = createHandler({ ...host.handler, leeway: { ...host.leeway, rollout } })
    const request = new Request(`${ORIGIN}/mfa/rollout/export.csv`, { headers: { cookie: as } })
    await expect((await handler(request, undefined)).text()).rejects.toThrow('gone')
    expect(host.errors).toEqual([error])
  })

  it('is given up with its reader', async () => {
    const host = hostOf()
    const as = await administrator(host)
    const closed = vi.fn()
    async function* exportCsv(): AsyncGenerator<string> {
      try {
        for (;;) yield '"row"\r\n'
      } finally {
        closed()
      }
    }
    const rollout = { ...host.leeway.rollout, exportCsv }
    const handler = createHandler({ ...host.handler, leeway: { ...host.leeway, rollout } })
    const response = await handler(
      new Request(`${ORIGIN}/mfa/rollout/export.csv`, { headers: { cookie: as } }),
      undefined,
    )
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    expect(closed).toHaveBeenCalledOnce()
  })
})

describe('hostile requests', () => {
  const SECRETS = ['hunter2', 'hunter3']
  /** What may be in a field, a header or a body: anything, and what is nearly right. */
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      'hunter2',
      '123456',
      '__proto__',
      'constructor',
      '{}',
      '\u0000',
      '../..',
      '<script>',
      '%00',
      '💥',
      '\ud800',
    ),
    fc.double(),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
  )
  const NAMES = [
    'code',
    'recoveryCode',
    'label',
    'pass',
    'proof',
    'restart',
    'terms',
    'period',
    'days',
    'start',
    'deadline',
  ]
  const MORE = ['addDays', 'until', 'reason', 'force', 'grace', 'userIds', 'filter', 'applyTo', 'calendar', 'timeZone']
  const name = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...NAMES, ...MORE) },
    { weight: 1, arbitrary: fc.string() },
  )
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      value,
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(name, tie('json'), { maxKeys: 5 }),
    ),
  }))
  const body = fc.oneof(
    json.map((one) => JSON.stringify(one)),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.dictionary(name, json, { maxKeys: 4 }).map((one) => JSON.stringify(one)),
  )
  const header = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((at) => String.fromCharCode(at)),
    maxLength: 30,
  })
  const HEADERS = ['accept', 'authorization', 'origin', 'sec-fetch-site', 'x-forwarded-host', 'content-encoding']
  const id = fc.oneof(
    fc.constantFrom('ada', 'x', '%ff', '.', '..', '%2e%2e', '%00', ''),
    fc.string({ maxLength: 10 }).map(encodable),
  )
  const path = fc
    .tuple(fc.constantFrom(...pathsOf()), id, id, fc.string({ maxLength: 20 }).map(encodable))
    .map(([route, user, authenticator, query]) => {
      const filled = route.replace('{userId}', user).replace('{authenticatorId}', authenticator)
      return `/mfa${filled}${query === '' ? '' : `?limit=${query}&${query}=x`}`
    })
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
    path,
    headers: fc.dictionary(fc.constantFrom(...HEADERS), header, { maxKeys: 3 }),
    body,
    who: fc.constantFrom('nobody', 'user', 'administrator'),
    isTrusted: fc.boolean(),
  })

  it('get no 5xx, and no secret', { timeout: 120_000 }, async () => {
    const host = hostOf()
    const handler: Handler<unknown> = createHandler(host.handler)
    const root = await administrator(host)
    const { secret, recoveryCodes } = await enroll(host, 'bob')
    const user = sessionOf(host, 'bob', 'mfa')
    const cookies: Record<string, string> = { nobody: '', user, administrator: root }
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, headers, body, who, isTrusted }) => {
        const isRead = method === 'GET' || method === 'HEAD'
        const trusted = isTrusted ? CHANGE : {}
        const init = { method, headers: { ...headers, ...trusted, cookie: cookies[who] as string } }
        const response = await handler(new Request(ORIGIN + path, isRead ? init : { ...init, body }), undefined)
        const text = await response.text()
        expect(response.status, `${method} ${path} ${text}`).toBeLessThan(500)
        expect(response.headers.get('cache-control')).toBe('no-store')
        if (response.status < 400) return
        for (const hidden of [...SECRETS, secret, ...recoveryCodes]) expect(text).not.toContain(hidden)
      }),
      { numRuns: 1500 },
    )
    expect(host.errors).toEqual([])
  })
})

/** A text in a path: what has no UTF-8 cannot be encoded, and is left out. */
function encodable(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''))
}

/** Every path of the handler, with names in place of ids. */
function pathsOf(): string[] {
  const own = ['', '/history', '/postpone', '/setup', '/setup/confirm', '/setup/cancel', '/verify', '/recover']
  const authenticators = [
    '/authenticators/{authenticatorId}',
    '/authenticators/{authenticatorId}/remove',
    '/recovery-codes',
  ]
  const user = [
    '',
    '/history',
    '/requirement',
    '/deadline',
    '/exemption',
    '/suspend',
    '/resume',
    '/reset',
    '/unlock',
    '/pass',
  ]
  const many = ['/preview', '/assign', '/counts', '/forecast', '/progress', '/export.csv']
  return [
    ...[...own, ...authenticators].map((path) => `/me${path}`),
    '/users',
    ...[...user, '/authenticators/{authenticatorId}/revoke'].map((path) => `/users/{userId}${path}`),
    ...many.map((path) => `/rollout${path}`),
  ]
}
