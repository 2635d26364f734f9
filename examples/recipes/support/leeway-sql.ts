import { postgresSchema } from 'leeway/postgres'

// #region sql
/** leeway's tables as one migration: in a schema of their own, where neither Prisma nor drizzle-kit looks for drift. */
export function leewaySql(schema = 'leeway', separator = ';\n\n'): string {
  return [`CREATE SCHEMA "${schema}"`, ...postgresSchema({ schema })].join(separator)
}
// #endregion
