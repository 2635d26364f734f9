// @ts-check
/**
 * A repository on DynamoDB: one item for each user, written on the condition that its version is still the one that was
 * read. It is the worked example of docs/stores.md; 01-dynamodb-store.js proves it.
 *
 * What has to hold of the table: no time to live on its items, and one region. A global table that is written in two
 * regions keeps the later write whatever its condition said; one with strong consistency will do.
 *
 * Events: an item is replaced whole and cannot grow for ever, so it holds the events of its last write, and those of a
 * removal go with it. Every write is one image in the table's stream (`NEW_IMAGE`), record and events together: archive
 * them from there, and none is missing. That is one request and one write, where TransactWriteItems takes two for each
 * item, and has a second error to tell apart: of a cancelled transaction only reasons that are all
 * `ConditionalCheckFailed` or `None` are a conflict.
 */
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { LeewayError } from 'leeway'

/**
 * Creates the table and waits until it is there; safe to run twice, and by two processes at once.
 *
 * @param {import('@aws-sdk/client-dynamodb').DynamoDBClient} client
 * @param {{ tableName?: string }} [options]
 */
export async function migrate(client, { tableName = 'leeway' } = {}) {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'userId', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'userId', KeyType: 'HASH' }],
      }),
    )
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
  await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName: tableName })
}

/**
 * Enrollments in a DynamoDB table; `migrate` creates it. Ids are compared byte for byte, as DynamoDB compares keys.
 *
 * @param {import('@aws-sdk/client-dynamodb').DynamoDBClient} client
 * @param {{ tableName?: string }} [options]
 * @returns {import('leeway').EnrollmentRepository}
 */
export function dynamodbRepository(client, { tableName = 'leeway' } = {}) {
  /** @type {import('leeway').EnrollmentRepository['find']} */
  async function find(userId) {
    const { Item: item } = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: { userId: { S: userId } },
        // The default may answer what was there a second ago.
        ConsistentRead: true,
        ProjectionExpression: '#record, #version',
        ExpressionAttributeNames: { '#record': 'record', '#version': 'version' },
      }),
    )
    if (item === undefined) return null
    return { enrollment: parsed(item.record?.S), version: item.version?.S ?? '' }
  }

  /** @type {import('leeway').EnrollmentRepository['save']} */
  async function save({ userId, enrollment, version, expected, events }) {
    const command = new PutItemCommand({
      TableName: tableName,
      Item: {
        userId: { S: userId },
        version: { S: version },
        // As text it comes back as it was, whatever DynamoDB makes of numbers and empty values.
        record: { S: JSON.stringify(enrollment) },
        events: { S: JSON.stringify(events) },
      },
      ...(expected === null ? { ConditionExpression: 'attribute_not_exists(userId)' } : stillAt(expected)),
    })
    return (await applied(() => client.send(command))) ? 'saved' : 'conflict'
  }

  /** @type {import('leeway').EnrollmentRepository['remove']} */
  async function remove(userId, expected) {
    const key = { userId: { S: userId } }
    const command = new DeleteItemCommand({ TableName: tableName, Key: key, ...stillAt(expected) })
    return (await applied(() => client.send(command))) ? 'removed' : 'conflict'
  }

  return Object.freeze({ find, save, remove })
}

/** @param {string} version */
function stillAt(version) {
  return {
    ConditionExpression: '#version = :expected',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':expected': { S: version } },
  }
}

/**
 * Whether a write was applied. A condition that failed is the only conflict: no throttling, no outage, no timeout is one.
 *
 * @param {() => Promise<unknown>} write
 */
async function applied(write) {
  try {
    await write()
    return true
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error
    // The client sends again what was not answered, and then fails on the version that its own first attempt wrote.
    if ((error.$metadata.attempts ?? 1) > 1) {
      throw new LeewayError('ERR_STORE', 'a write was sent more than once, and whether it was applied is not known', {
        cause: error,
      })
    }
    return false
  }
}

/** @param {string | undefined} text */
function parsed(text) {
  try {
    return JSON.parse(text ?? '')
  } catch {
    // Without the cause, which repeats the text.
    throw new LeewayError('ERR_RECORD', 'the stored record is not JSON; something else has written to the table')
  }
}
