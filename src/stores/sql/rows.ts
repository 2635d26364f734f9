import { LeewayError } from '../../errors.js'
import type { EnrollmentChange, StoredEnrollment } from '../../ports/index.js'

/** A record as its row has it. */
export interface RecordRow {
  version: string
  record: string
}

/** What a row keeps; `ERR_RECORD` where that is not JSON. */
export function storedOf({ version, record }: RecordRow): StoredEnrollment {
  return { enrollment: parsed(record, 'record'), version }
}

/** The event that a row keeps; `ERR_RECORD` where that is not JSON. */
export function eventOf({ event }: { event: string }): EnrollmentChange['events'][number] {
  return parsed(event, 'event')
}

function parsed<Value>(text: string, what: string): Value {
  try {
    return JSON.parse(text)
  } catch {
    // The cause would quote what is stored.
    throw new LeewayError('ERR_RECORD', `a stored ${what} is not JSON: something other than leeway wrote to it`)
  }
}
