import { describe, it } from 'vitest'
import { cases, type Fetch } from './cases.js'
import { hostOf, webApp } from './host.js'

const ORIGIN = 'https://example.com'

describe('leeway/http on the web', () => {
  it.each(cases)('$name', async ({ run }) => {
    const host = hostOf({ allowedOrigins: ['https://app.example'] })
    const app = webApp(host)
    const fetch: Fetch = (path, sent) => app(new Request(ORIGIN + path, sent))
    await run({ host, fetch })
  })
})
