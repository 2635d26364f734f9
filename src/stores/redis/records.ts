import { LeewayError } from '../../errors.js'
import type { StoredEnrollment } from '../../ports/index.js'
import type { EnrollmentIndex } from '../../record/conditions.js'
import { unpackFacts } from './facts.js'

/** A record as it is stored: `version \n facts \n steps \n record`. */
export function parseEnrollment(stored: string): StoredEnrollment {
  const { version, record } = partsOf(stored)
  return { enrollment: parsed(record, 'record'), version }
}

/** The facts that a record is indexed by. */
export function parseIndex(stored: string): EnrollmentIndex {
  return unpackFacts(partsOf(stored).facts)
}

/** The value that a stored text is; `ERR_RECORD` where that is not JSON. */
export function parsed<Value>(text: string, what: string): Value {
  try {
    return JSON.parse(text)
  } catch {
    // The cause would quote what is stored.
    throw new LeewayError('ERR_RECORD', `a stored ${what} is not JSON: something other than leeway wrote to it`)
  }
}

function partsOf(stored: string): { version: string; facts: string; record: string } {
  const facts = stored.indexOf('\n') + 1
  const steps = stored.indexOf('\n', facts) + 1
  const record = stored.indexOf('\n', steps) + 1
  // What has no such lines has no record either: the whole is then not JSON.
  return { version: stored.slice(0, facts - 1), facts: stored.slice(facts, steps - 1), record: stored.slice(record) }
}
