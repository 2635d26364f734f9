import { recoveryCodes, serviceTargets, totpCodes } from './codes.js'
import { recordTarget } from './records.js'
import { requestTarget } from './requests.js'
import type { Target } from './target.js'
import { base32, instants, keyUris, nodeUrls, returnPaths, tokenTarget, userIds } from './texts.js'

/** Every parser of what others write: people, apps, browsers, stores. */
export async function everyTarget(): Promise<readonly Target<unknown>[]> {
  return [
    ...[totpCodes, recoveryCodes, base32, keyUris, recordTarget(), await tokenTarget()],
    ...(await serviceTargets()),
    ...[instants, userIds, returnPaths, nodeUrls, await requestTarget()],
  ] as Target<unknown>[]
}
