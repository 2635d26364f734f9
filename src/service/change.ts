import type { Command, Commands, CommandType } from '../enrollment/commands.js'
import { type AdminResult, statusAt } from '../enrollment/status.js'
import type { UserId } from '../enrollment/user.js'
import { LeewayError } from '../errors.js'
import { attempt } from './attempt.js'
import { evidenceFrom } from './evidence.js'
import type { Parts } from './parts.js'

/** Commands whose outcome is whether anything changed, and which ask nothing. */
type ChangeType = {
  [Type in CommandType]: Commands[Type]['outcome'] extends { changed: boolean } ? Type : never
}[CommandType]

/** What a change comes to that `policy.protect` forbids. */
export function protectedAccount(): LeewayError {
  return new LeewayError(
    'ERR_PROTECTED',
    'the account is protected, and the change would stop it at the next sign-in; see policy.protect, and note.force',
  )
}

/** One change, answered with the status it left. */
export async function change<Type extends ChangeType>(
  parts: Parts,
  userId: UserId,
  command: Command<Type> & { type: Type },
): Promise<AdminResult> {
  const { outcome, record, now } = await attempt<Type>(parts, userId, command, evidenceFrom(parts, userId, {}).gather)
  if ('refused' in outcome) throw protectedAccount()
  return { ...statusAt(record, now), changed: outcome.changed }
}
