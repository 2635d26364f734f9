import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import Database from 'libsql'
import decodeQR from 'qr/decode.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeBase32, generateTotp, parseKeyUri } from '../../src/totp/index.js'

const TOUR = fileURLToPath(new URL('../../examples/tour/tour.js', import.meta.url))

/** The stages, and the line that is printed once leeway has stored one and before the tour has noted it. */
const STAGES: readonly (readonly [heading: string, outcome: string])[] = [
  ['An administrator gives Ada and Ben 30 days', 'Ada has until the end of'],
  ['Ada signs in and is offered set-up', 'offer-setup: your page says'],
  ['She says "not now"', 'Let in. "Not now" is left 2 times'],
  ['Time passes', 'enrollment-period:'],
  ['Set-up, 1 of 3: she gets an app', 'offer-setup: she chooses "Set up"'],
  ['Set-up, 2 of 3: she adds the account', 'secret: scan the picture'],
  ['Set-up, 3 of 3: she types the code that her phone shows', 'Ada is enrolled'],
  ['She signs in with the next code', 'challenge, and the code is right: signed in'],
  ['The same code again is refused', 'Refused: invalid-code'],
  ['She left the phone at home and uses a recovery code', 'Signed in, 9 codes left. The second time it is refused'],
  [
    'Ben misses the deadline and is stopped',
    'Stopped: overdue. Set-up is all that he reaches, and it needs a pass: true',
  ],
  ['Olivia lets Ben in again, and only Ben', 'Without the pass: refused, pass-required. With it: set-up begins'],
  ['Where everybody stands', 'Ada is enrolled. Ben is overdue, with a set-up begun'],
]

interface Ended {
  text: string
  code: number | null
  signal: string | null
}

let folder: string
let file: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leeway-tour-'))
  file = join(folder, 'tour.db')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill()
  rmSync(folder, { recursive: true })
})

/** Loaded before the tour: kills the process as soon as it has printed the text, before anything else happens in it. */
const KILLER = `
  const write = process.stdout.write.bind(process.stdout)
  let printed = ''
  process.stdout.write = (text, ...rest) => {
    const result = write(text, ...rest)
    printed += text
    if (printed.replace(/\\s+/g, ' ').includes(process.env.KILL_AT)) process.kill(process.pid, 'SIGKILL')
    return result
  }`

function tour(options: { args?: readonly string[]; killAt?: string } = {}): Promise<Ended> {
  const preload = options.killAt === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(KILLER)}`]
  const env = { ...process.env, LEEWAY_TOUR_FILE: file, KILL_AT: options.killAt }
  const child = spawn(process.execPath, [...preload, TOUR, ...(options.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ text, code, signal }))
  })
}

/** Lines are wrapped wherever they are full. */
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ')

describe('unattended', { timeout: 180_000 }, () => {
  it('shows every stage, the code behind it and what came of it', async () => {
    const { text, code } = await tour()
    expect(code, text).toBe(0)
    let rest = unwrapped(text)
    for (const [at, [heading, outcome]] of STAGES.entries()) {
      expect(rest).toContain(`Step ${at + 1} of ${STAGES.length} ${heading}`)
      rest = rest.slice(rest.indexOf(heading))
      expect(rest).toContain(outcome)
      const shown = rest.slice(0, rest.indexOf(outcome))
      expect(shown, heading).toMatch(/│ .*await leeway\.\w+\(/)
    }
    expect(rest).toContain('That was all. Read on: README.md')
    // no colours without a terminal
    expect(text).not.toContain('\u001b')
  })

  it('the QR code is the one of the key beside it', async () => {
    const { text } = await tour({ killAt: 'scan the picture with your phone' })
    const keyUri = /keyUri: '(otpauth:[^']+)'/.exec(text)?.[1]
    expect(keyUri).toMatch(
      /^otpauth:\/\/totp\/leeway%20tour:ada%40example\.com\?secret=[A-Z2-7]{32}&issuer=leeway%20tour/,
    )
    expect(decodeQR(pictureOf(text))).toBe(keyUri)
  })

  it('the second run says that everything was shown, and --reset starts over', async () => {
    await tour()
    const again = await tour()
    expect(again.code).toBe(0)
    expect(unwrapped(again.text).trim()).toBe('Everything has been shown. `npm run tour -- --reset` starts over.')
    const over = await tour({ args: ['--reset'] })
    expect(over.code, over.text).toBe(0)
    for (const [, outcome] of STAGES) expect(unwrapped(over.text)).toContain(outcome)
  })

  it('killed at any stage, before or after its outcome is noted, it picks up from the file and finishes', async () => {
    for (const [heading, outcome] of STAGES) {
      for (const killAt of [heading, outcome]) {
        // the recovery codes of a set-up that was killed are lost; the stages after it follow all the same
        const { text, signal } = await tour({ killAt })
        expect(signal, `${killAt}\n${text}`).toBe('SIGKILL')
      }
    }
    const { text, code } = await tour()
    expect(code, text).toBe(0)
    expect(text).toContain('The tour goes on where it was left')
    expect(text).toContain('That was all')
  })

  it('killed before the recovery codes are seen, new ones are given for a code', async () => {
    const killed = await tour({ killAt: 'authenticatorId' })
    expect(killed.signal).toBe('SIGKILL')
    const { text, code } = await tour()
    expect(code, text).toBe(0)
    expect(unwrapped(text)).toContain('with new recovery codes; the old ones are worth nothing')
    expect(unwrapped(text)).toContain('Signed in, 9 codes left')
  })

  it('the QR code is shown again, with the same secret, to whoever was killed before typing the code', async () => {
    const key = (text: string): string | undefined => /secret: '([A-Z2-7]+)'/.exec(text)?.[1]
    const before = await tour({ killAt: 'Set-up, 3 of 3' })
    const after = await tour({ killAt: 'Ada is enrolled' })
    expect(key(before.text)).toMatch(/^[A-Z2-7]{32}$/)
    expect(key(after.text)).toBe(key(before.text))
    expect(after.text).toContain('The same secret again')
  })
})

/** Gives a child process a terminal: script of util-linux; other systems' takes other options. */
const TERMINAL = 'script'
const hasTerminal = process.platform === 'linux' && spawnSync(TERMINAL, ['--version']).status === 0
const reason = hasTerminal ? '' : ' (skipped: needs script of util-linux)'

describe.skipIf(!hasTerminal)(`with a person at the terminal${reason}`, { timeout: 180_000 }, () => {
  function person() {
    const env = {
      ...process.env,
      LEEWAY_TOUR_FILE: file,
      TERM: 'xterm-256color',
      NO_COLOR: undefined,
      SHELL: '/bin/sh',
    }
    const command = `"${process.execPath}" "${TOUR}"`
    const child = spawn(TERMINAL, ['-qefc', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    let raw = ''
    let read = 0
    let arrived = () => {}
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      raw += chunk
      arrived()
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    return {
      ended,
      raw: () => raw,
      type: (keys: string) => child.stdin.write(keys),
      /** Waits for this text, and answers with what was printed up to it since the last time. */
      async until(expected: string): Promise<string> {
        for (;;) {
          const text = unwrapped(stripVTControlCharacters(raw))
          const found = text.indexOf(expected, read)
          if (found >= 0) {
            const since = text.slice(read, found + expected.length)
            read = found + expected.length
            return since
          }
          await new Promise<void>((resolve, reject) => {
            arrived = resolve
            void ended.then(() => reject(new Error(`the tour ended before it said "${expected}": ${text.slice(read)}`)))
          })
        }
      },
    }
  }

  it('codes are typed from a real phone, and Ctrl-C leaves at any question', async () => {
    const ada = person()
    for (let step = 0; step < 6; step++) {
      await ada.until('Enter goes on, Ctrl-C stops here.')
      ada.type('\r')
    }
    const key = /secret: '([A-Z2-7]{32})'/.exec(await ada.until('scan the picture'))
    const phone = (): string => generateTotp(decodeBase32(key?.[1] ?? ''), Date.now())
    await ada.until('Enter goes on')
    ada.type('\r')

    await ada.until("Enter lets the tour's own phone answer")
    ada.type(`${wrong(phone())}\r`)
    await ada.until('Not that one: 4 tries left.')
    await ada.until('Enter goes on')
    ada.type('\r')
    await ada.until("Enter lets the tour's own phone answer")
    const code = phone()
    ada.type(`${code}\r`)
    await ada.until('Ada is enrolled.')
    await ada.until('Enter goes on')
    ada.type('\r')

    // the code that set it up is spent
    await ada.until("Enter lets the tour's own phone answer")
    ada.type(`${code}\r`)
    await ada.until('Wrong, or spent already')
    await ada.until('Enter goes on')
    ada.type('\r')
    await ada.until("Enter lets the tour's own phone answer")
    ada.type('\r')
    await ada.until('the code is right: signed in.')
    await ada.until('Enter goes on')
    // in colour, because a terminal shows it, and in lines even where it does not know its size
    expect(stripVTControlCharacters(ada.raw())).toContain('Before it makes a session it asks')
    expect(ada.raw()).toContain('\u001b[')
    ada.type('\u0003')
    await ada.until('The tour stops here. `npm run tour` goes on from this step.')
    expect(await ada.ended).toBe(0)

    const { text, code: exit } = await tour()
    expect(exit, text).toBe(0)
    expect(text).not.toContain('Step 8')
    expect(unwrapped(text)).toContain('Step 9 of 13 The same code again is refused')
  })

  it('after five wrong codes an administrator unlocks the account, and the tour goes on', async () => {
    await tour({ killAt: 'She signs in with the next code' })
    const db = new Database(file)
    const { uri } = db.prepare("SELECT json_extract(notes, '$.keyUri') AS uri FROM leeway_tour").get() as {
      uri: string
    }
    db.close()
    const { secret } = parseKeyUri(uri)
    const ada = person()
    for (const answer of [...new Array(5).fill('Wrong, or spent already'), 'locked: too many wrong codes']) {
      await ada.until("Enter lets the tour's own phone answer")
      ada.type(`${wrong(generateTotp(secret, Date.now()))}\r`)
      await ada.until(answer)
      await ada.until('Enter goes on')
      ada.type('\r')
    }
    await ada.until('Aside Olivia unlocks the account')
    await ada.until('Open again.')
    await ada.until('Enter goes on')
    ada.type('\r')
    await ada.until("Enter lets the tour's own phone answer")
    ada.type('\r')
    await ada.until('the code is right: signed in.')
    await ada.until('Enter goes on')
    // the end of the input leaves as well
    ada.type('\u0004')
    await ada.until('The tour stops here.')
    expect(await ada.ended).toBe(0)
  })
})

/** Another code than this one, and hardly one of its neighbours. */
const wrong = (code: string): string => String((Number(code) + 500_000) % 1_000_000).padStart(6, '0')

describe('the file', { timeout: 180_000 }, () => {
  it.skipIf(process.platform === 'win32')('is readable for its owner alone, and so is the key beside it', async () => {
    await tour({ killAt: 'Step 2' })
    for (const path of [file, `${file}.key`]) expect(statSync(path).mode & 0o777, path).toBe(0o600)
    expect(Buffer.from(readFileSync(`${file}.key`, 'utf8'), 'base64')).toHaveLength(32)
  })

  it('is left alone where it is not the tour’s', async () => {
    const db = new Database(file)
    db.exec('CREATE TABLE invoices (id INTEGER PRIMARY KEY)')
    db.close()
    for (const args of [[], ['--reset']]) {
      const { text, code } = await tour({ args })
      expect(code).toBe(1)
      expect(unwrapped(text)).toContain('is not a file of this tour')
    }
    const tables = new Database(file).prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    expect(tables).toEqual([{ name: 'invoices' }])
    writeFileSync(file, 'no database at all, and longer than a header would be'.repeat(10))
    for (const args of [[], ['--reset']]) expect((await tour({ args })).code).toBe(1)
    expect(readFileSync(file, 'utf8')).toMatch(/^no database at all/)
    expect(existsSync(`${file}.key`)).toBe(false)
  })

  it('without its key is refused with the way on', async () => {
    await tour({ killAt: 'Step 2' })
    rmSync(`${file}.key`)
    const { text, code } = await tour()
    expect(code).toBe(1)
    expect(unwrapped(text)).toContain('is gone, and nothing that it sealed can be opened. `npm run tour -- --reset`')
    expect(text).not.toContain('Error')
    expect((await tour({ args: ['--reset'] })).code).toBe(0)
  })

  it('of a tour that was begun too long ago is refused with the way on', async () => {
    await tour({ killAt: 'Step 3' })
    const db = new Database(file)
    db.exec("UPDATE leeway_tour SET notes = json_set(notes, '$.begun', 0)")
    db.close()
    const { text, code } = await tour()
    expect(code).toBe(1)
    expect(unwrapped(text)).toContain('was begun more than 14 days ago')
  })

  it('an option that is not known is refused', async () => {
    const { text, code } = await tour({ args: ['--rest'] })
    expect(code).toBe(1)
    expect(text).toContain('--reset')
    expect(existsSync(file)).toBe(false)
  })
})

/** The half blocks of a QR code as an image. */
function pictureOf(text: string): { width: number; height: number; data: Uint8Array } {
  const lines = text.split('\n').filter((line) => /^ {2}[█▀▄ ]+$/.test(line) && /[█▀▄]/.test(line))
  const rows = lines.flatMap((line) => {
    const blocks = [...line.slice(2)]
    return [blocks.map((block) => '█▀'.includes(block)), blocks.map((block) => '█▄'.includes(block))]
  })
  const scale = 4
  const width = (rows[0]?.length ?? 0) * scale
  const height = rows.length * scale
  const data = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true
      data.fill(light ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3)
      data[(y * width + x) * 4 + 3] = 255
    }
  }
  return { width, height, data }
}
