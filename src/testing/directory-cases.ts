import { type CaseRow, casesOf, type RepositoryCase } from './cases.js'
import { type DirectoryBench, directoryBenchOf, type RepositoryWithDirectory } from './directory/bench.js'
import { COUNT_CASES } from './directory/counts.js'
import { FIND_CASES } from './directory/finds.js'
import { HISTORY_CASES } from './directory/history.js'
import { LIST_CASES } from './directory/lists.js'
import { PAGE_CASES } from './directory/pages.js'
import { PREFIX_CASES } from './directory/prefixes.js'
import { PRUNING_CASES } from './directory/pruning.js'
import { REMINDER_CASES } from './directory/reminders.js'
import { REPORT_CASES } from './directory/reports.js'
import { SAVE_CASES } from './directory/saves.js'
import type { OpenRepository } from './repository-bench.js'

/**
 * The contract of `EnrollmentDirectory`, case by case, for any test runner; `repositoryCases` has that of the repository
 * itself, which is proven first.
 *
 * `open` is called once by each case and answers an empty store, on the real thing; `another`, where it is given, opens
 * further connections to the same data, over which racers are spread. `close` is called whatever happens, and closes
 * those too. Cases share nothing; where `open` empties one database, run them one after another.
 *
 * What should come out is computed by `phaseOf` and plain loops over what was saved, never by another store. That a page
 * costs the same wherever it begins has to be measured; it is not here.
 *
 * @example
 * ```ts
 * for (const { name, run } of directoryCases(async () => ({ repository: memoryRepository() }))) {
 *   it(name, run)
 * }
 * ```
 */
export function directoryCases(
  open: () => Promise<OpenRepository<RepositoryWithDirectory>>,
): readonly RepositoryCase[] {
  return casesOf(CASES, open, directoryBenchOf)
}

/** Reads before writes, and each before what is built on it: the first case that fails tells most. */
const CASES: readonly CaseRow<DirectoryBench>[] = [
  ...FIND_CASES,
  ...SAVE_CASES,
  ...LIST_CASES,
  ...PREFIX_CASES,
  ...PAGE_CASES,
  ...COUNT_CASES,
  ...REMINDER_CASES,
  ...REPORT_CASES,
  ...HISTORY_CASES,
  ...PRUNING_CASES,
]
