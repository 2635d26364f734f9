import { type EnrollmentRepository, LeewayError } from 'leeway'
import { Prisma, type PrismaClient } from './generated/client.ts'

// #region repository
class Conflict extends Error {}

/** Enrollments in the models `MfaRecord` and `MfaEvent`, on whatever database Prisma knows. */
export function prismaRepository(prisma: PrismaClient): EnrollmentRepository {
  return Object.freeze<EnrollmentRepository>({
    async find(userId) {
      const found = await attempt(() => prisma.mfaRecord.findUnique({ where: { userId } }))
      return found && { version: found.version, enrollment: JSON.parse(found.record) }
    },

    async save({ userId, enrollment, version, expected, events }) {
      const record = JSON.stringify(enrollment)
      const told = events.map((event) => ({ userId, id: event.id, event: JSON.stringify(event) }))
      try {
        await prisma.$transaction(
          async (tx) => {
            if (expected === null) {
              await tx.mfaRecord.create({ data: { userId, version, record } })
            } else {
              // One UPDATE with its condition; what it counts says whether it was met.
              const data = { version, record }
              const { count } = await tx.mfaRecord.updateMany({ where: { userId, version: expected }, data })
              if (count === 0) throw new Conflict()
            }
            if (told.length > 0) await tx.mfaEvent.createMany({ data: told })
          },
          // Above it the loser of a race fails in another way.
          { isolationLevel: Prisma.TransactionIsolationLevel.ReadCommitted },
        )
        return 'saved'
      } catch (error) {
        if (error instanceof Conflict || isCreatedTwice(error)) return 'conflict'
        throw storeError(error)
      }
    },

    async remove(userId, version) {
      // The events go with it: `onDelete: Cascade`.
      const { count } = await attempt(() => prisma.mfaRecord.deleteMany({ where: { userId, version } }))
      return count > 0 ? 'removed' : 'conflict'
    },
  })
}

/** A unique constraint of the records: nothing else that fails is a conflict. */
function isCreatedTwice(error: unknown): boolean {
  const isKnown = error instanceof Prisma.PrismaClientKnownRequestError
  return isKnown && error.code === 'P2002' && error.meta?.['modelName'] === 'MfaRecord'
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}

const storeError = (cause: unknown) => new LeewayError('ERR_STORE', 'Prisma failed; the cause says how', { cause })
// #endregion
