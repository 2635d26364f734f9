import type { Circumstances } from './circumstances.js'
import type { Change, Noted, ProtectionFinding, Question } from './commands.js'
import { isStoppedAt } from './decision.js'
import type { EnrollmentRecord } from './record.js'
import { type Step, unwritten } from './step.js'

/**
 * A handler that asks whether the account is protected, where what it did would stop somebody at the next sign-in whom
 * nothing stopped before. With `force` the change is made all the same, and its events say so.
 */
export function protecting<Asked extends Noted>(
  handle: (record: EnrollmentRecord, command: Asked, circumstances: Circumstances) => Step<Change>,
): (record: EnrollmentRecord, command: Asked, circumstances: Circumstances) => Step<Change> | Question<Step<Change>> {
  return (record, command, circumstances) => {
    const step = handle(record, command, circumstances)
    const stops = step.record !== record && isStoppedAt(step.record, circumstances)
    if (!stops || isStoppedAt(record, circumstances)) return step
    const { force = false } = command.note
    const answer = (finding: ProtectionFinding): Step<Change> => {
      if (!finding.protected) return step
      if (!force) return unwritten(record, { changed: false, refused: 'protected' })
      const facts = step.facts.map((fact) => ({ ...fact, details: { ...fact.details, forced: true } }))
      return { ...step, facts }
    }
    return { ask: 'protection', answer }
  }
}
