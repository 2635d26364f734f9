/**
 * What auth servers and stores need to be tested with leeway: a clock that obeys, randomness that repeats itself, an
 * authenticator app, and the contract of a repository as cases. For no particular test runner.
 *
 * @module
 */
export type { CodeOf } from './arbitraries/codes.js'
export type { RequestPart } from './arbitraries/requests.js'
export type { DeadlineChange, Exemption, Grace } from './arbitraries/terms.js'
export { type Arbitraries, arbitraries } from './arbitraries.js'
export type { RepositoryCase } from './cases.js'
export { type FixedClock, fixedClock } from './clock.js'
export type { RepositoryWithDirectory } from './directory/bench.js'
export { directoryCases } from './directory-cases.js'
export { faultyRepository, type RepositoryCall, type RepositoryFault } from './faulty-repository.js'
export type {
  CodeShown,
  Command,
  CommandAnswers,
  CommandArguments,
  CommandName,
  Landmark,
  Lapse,
  ProofShown,
  StoryStep,
  TextShown,
} from './given/commands.js'
export type { PartOf } from './given/differences.js'
export type { Person } from './given/person.js'
export {
  type Expected,
  type Given,
  type GivenOptions,
  given,
  givenWith,
  type Premise,
  type Then,
  type Told,
  type When,
  type World,
} from './given.js'
export {
  type LeewayModel,
  type LeewayModelOptions,
  type LeewaySystem,
  leewayCommands,
  leewayModel,
} from './leeway-commands.js'
export { type Phone, phone } from './phone.js'
export { seededRandom } from './random.js'
export type { OpenRepository } from './repository-bench.js'
export { repositoryCases } from './repository-cases.js'
