// @ts-check
/**
 * Proves the store of dynamodb-store.js by the cases that prove the shipped ones, over the real client of AWS and a real
 * server: dynalite, in this process, on a free port. `node examples/01-dynamodb-store.js`
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { aesGcmCipher, createLeeway, LeewayError } from 'leeway'
import { phone, repositoryCases } from 'leeway/testing'
import { dynamodbRepository, migrate } from './dynamodb-store.js'

// Its package has no types.
const require = createRequire(import.meta.url)
/** @type {(options: { createTableMs: number, deleteTableMs: number }) => import('node:http').Server} */
const dynalite = require('dynalite')

/** @returns {Promise<import('node:http').Server>} */
function startServer() {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** @param {import('node:http').Server} server */
function connect(server) {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
}

/** @param {import('node:http').Server} server */
function casesOf(server) {
  let opened = 0
  return repositoryCases(async () => {
    const options = { tableName: `leeway-${opened++}` }
    const clients = [connect(server)]
    await migrate(clients[0], options)
    return {
      repository: dynamodbRepository(clients[0], options),
      async another() {
        const client = connect(server)
        clients.push(client)
        return dynamodbRepository(client, options)
      },
      async close() {
        await clients[0].send(new DeleteTableCommand({ TableName: options.tableName }))
        for (const client of clients) client.destroy()
      },
    }
  })
}

/**
 * What no case can show from outside: the answer to a write is lost on the way, and the client of AWS sends it again.
 *
 * @param {import('node:http').Server} server
 */
async function loseAnAnswer(server) {
  const options = { tableName: 'leeway-lost' }
  const client = connect(server)
  await Promise.all([migrate(client, options), migrate(client, options)])
  await migrate(client, options)

  let losing = false
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const answer = await next(args)
      if (!losing || context.commandName !== 'PutItemCommand') return answer
      losing = false
      throw Object.assign(new Error('the connection was lost'), { name: 'TimeoutError' })
    },
    { step: 'finalizeRequest', priority: 'low', name: 'loseAnAnswer' },
  )

  const repository = dynamodbRepository(client, options)
  const key = crypto.getRandomValues(new Uint8Array(32))
  const leeway = createLeeway({ issuer: 'Example', repository, cipher: aesGcmCipher({ keys: [{ id: 'k1', key }] }) })
  const begun = await leeway.beginSetup('ada', { accountName: 'ada@example.com' })
  assert(begun.ok)
  const code = phone(begun.setup.keyUri).codeAt(Date.now())

  // The store cannot tell, and says so; the service looks for its version, finds it and answers.
  losing = true
  assert.equal((await leeway.confirmSetup('ada', code)).ok, true)
  assert.equal(losing, false)
  assert.deepEqual(await leeway.verifyCode('ada', code), { ok: false, reason: 'invalid-code' })

  const found = await repository.find('ada')
  assert(found)
  losing = true
  const index = { required: false, startsAt: null, deadline: null, exemptUntil: null, suspended: false }
  const change = {
    userId: 'ada',
    enrollment: found.enrollment,
    index: { ...index, enrolledAt: null, lockedUntil: null, remindAt: null },
    version: 'f'.repeat(32),
    expected: found.version,
    events: [],
  }
  await assert.rejects(repository.save(change), (error) => error instanceof LeewayError && error.code === 'ERR_STORE')
  assert.equal((await repository.find('ada'))?.version, change.version)
  client.destroy()
}

const server = await startServer()
/** @type {[name: string, run: () => Promise<void>][]} */
const proofs = casesOf(server).map(({ name, run }) => [name, run])
proofs.push(['a write whose answer was lost is an error, and the service finds it', () => loseAnAnswer(server)])

let failed = 0
for (const [name, run] of proofs) {
  try {
    await run()
    console.log(`passed  ${name}`)
  } catch (error) {
    failed++
    console.log(`FAILED  ${name}\n        ${error instanceof Error ? error.message : String(error)}`)
  }
}
console.log(`${proofs.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
server.close()
