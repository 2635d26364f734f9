import fc from 'fast-check'
import * as otpauth from 'otpauth'
import { describe, expect, it } from 'vitest'
import { encodeBase32, formatKeyUri, generateTotp, type KeyUri, parseKeyUri } from '../../src/totp/index.js'
import { anyAlgorithm, anyDigits, anySecret, rfcSecret } from './oracle.js'

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const defaults = { algorithm: 'SHA1', digits: 6, period: 30 }

const format = (key: Partial<Record<keyof KeyUri, unknown>>): string =>
  formatKeyUri({ secret: rfcSecret, issuer: 'My App', accountName: 'ada@example.com', ...key } as KeyUri)
/** Parses a label with a secret and more parameters. */
const parse = (label: string, more = ''): KeyUri => parseKeyUri(`otpauth://totp/${label}?secret=${SECRET}${more}`)
const names = (label: string, more = ''): [string, string] => {
  const { issuer, accountName } = parse(label, more)
  return [issuer, accountName]
}

/** Names that a key URI can carry: any Unicode without control characters, ':' and lone surrogates. */
const anyName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 120 })
  .filter((name) => name.trim() !== '' && !name.startsWith(' ') && !name.includes(':') && !/\p{Cc}/u.test(name))

describe('formatKeyUri', () => {
  it('writes what authenticator apps read, all parameters spelt out', () => {
    expect(format({})).toBe(
      `otpauth://totp/My%20App:ada%40example.com?secret=${SECRET}&issuer=My%20App&algorithm=SHA1&digits=6&period=30`,
    )
    expect(format({ algorithm: 'SHA512', digits: 8, period: 60, t0: 0 })).toMatch(
      /&algorithm=SHA512&digits=8&period=60$/,
    )
  })

  it('is plain ASCII, with %20 for a space and no plus for anything', () => {
    const uri = format({ issuer: 'Häuser & Söhne + 1/2?', accountName: '李 #1 +a=b' })
    expect(uri).toMatch(/^[!-~]+$/)
    expect(uri).not.toMatch(/\+/)
    expect(uri).toContain('H%C3%A4user%20%26%20S%C3%B6hne%20%2B%201%2F2%3F:%E6%9D%8E%20%231%20%2Ba%3Db?')
  })

  it('refuses issuers and accounts that a label cannot carry', () => {
    for (const name of ['issuer', 'accountName'] as const) {
      for (const value of [
        '',
        ' ',
        '\u3000',
        'a:b',
        ':',
        'a\nb',
        '\u0000',
        'a\u007f',
        'a\u0085',
        '\ud800',
        'a\udc00b',
        'x'.repeat(256),
      ]) {
        expect(() => format({ [name]: value })).toThrow(RangeError)
        expect(() => format({ [name]: value })).toThrow(new RegExp(`^${name} must `))
      }
      for (const value of [undefined, null, 1, ['a'], { toString: () => 'a' }])
        expect(() => format({ [name]: value })).toThrow(TypeError)
    }
    expect(() => format({ accountName: ' ada' })).toThrow(new RangeError('accountName must not start with a space'))
    expect(parseKeyUri(format({ issuer: 'x'.repeat(255), accountName: 'ä'.repeat(255) })).accountName.length).toBe(255)
  })

  it('refuses a t0, which apps know nothing of', () => {
    expect(() => format({ t0: 1 })).toThrow(new RangeError('t0 must be 0 in a key URI'))
  })

  it('repeats nothing of the key in an error', () => {
    for (const key of [
      { secret: rfcSecret.subarray(0, 9) },
      { issuer: 'My:App' },
      { accountName: 'ada:x' },
      { digits: 9 },
      { algorithm: 'md5' },
    ]) {
      expect(() => format(key)).toThrow(/^(?!.*(GEZD|My|ada|md5|1234)).+$/)
    }
  })

  it('is read by otpauth as it was meant', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyName,
        anyName,
        anyAlgorithm,
        anyDigits,
        fc.integer({ min: 1, max: 3600 }),
        (secret, issuer, accountName, algorithm, digits, period) => {
          const read = otpauth.URI.parse(formatKeyUri({ secret, issuer, accountName, algorithm, digits, period }))
          expect(read).toBeInstanceOf(otpauth.TOTP)
          expect({ issuer: read.issuer, algorithm: read.algorithm, digits: read.digits }).toEqual({
            issuer,
            algorithm,
            digits,
          })
          expect(read.label).toBe(accountName)
          expect(read.generate({ timestamp: 1e12 } as never)).toBe(
            generateTotp(secret, 1e12, { algorithm, digits, period }),
          )
        },
      ),
    )
  })
})

describe('parseKeyUri', () => {
  it('reads whatever formatKeyUri writes', () => {
    fc.assert(
      fc.property(
        anySecret,
        anyName,
        anyName,
        anyAlgorithm,
        anyDigits,
        fc.integer({ min: 1, max: 3600 }),
        (secret, issuer, accountName, algorithm, digits, period) => {
          const key: KeyUri = { secret, issuer, accountName, algorithm, digits, period }
          expect(parseKeyUri(formatKeyUri(key))).toEqual(key)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('reads names at their longest, in the characters that take most room', () => {
    for (const character of ['\u{1f600}', '\uffff', '"']) {
      const name = character.repeat(255 / character.length)
      const key = parseKeyUri(
        format({ secret: new Uint8Array(128), issuer: name, accountName: name, algorithm: 'SHA512', period: 3600 }),
      )
      expect([key.issuer, key.accountName]).toEqual([name, name])
    }
  })

  it('fills in the defaults of the format', () => {
    expect(parse('Ada')).toEqual({ secret: rfcSecret, issuer: '', accountName: 'Ada', ...defaults })
  })

  it('takes any case in scheme, type and parameter names, and any order', () => {
    expect(
      parseKeyUri(`OTPAUTH://TOTP/Ada?PERIOD=60&Issuer=X&SECRET=${SECRET.toLowerCase()}&DIGITS=8&Algorithm=sha256`),
    ).toEqual({
      secret: rfcSecret,
      issuer: 'X',
      accountName: 'Ada',
      algorithm: 'SHA256',
      digits: 8,
      period: 60,
    })
  })

  it('takes an algorithm in any case and with a hyphen, and falls back to none', () => {
    for (const [written, algorithm] of [
      ['SHA1', 'SHA1'],
      ['sha1', 'SHA1'],
      ['SHA-1', 'SHA1'],
      ['sha-256', 'SHA256'],
      ['Sha512', 'SHA512'],
      ['SHA-512', 'SHA512'],
    ]) {
      expect(parse('Ada', `&algorithm=${written}`).algorithm).toBe(algorithm)
    }
    for (const written of [
      '',
      'MD5',
      'SHA',
      'SHA3',
      'SHA2',
      'SHA384',
      'S-HA1',
      'SHA--1',
      'HMAC-SHA1',
      '%C5%BFha1',
      'SHA1%20',
      '__proto__',
    ]) {
      expect(() => parse('Ada', `&algorithm=${written}`)).toThrow(RangeError)
    }
  })

  it('takes a secret as decodeBase32 does', () => {
    const { secret } = parse('Ada')
    for (const written of [
      'GEZD%20GNBV%20GY3T%20QOJQ%20GEZD%20GNBV%20GY3T%20QOJQ',
      'gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq',
    ]) {
      expect(parseKeyUri(`otpauth://totp/Ada?secret=${written}`).secret).toEqual(secret)
    }
    for (const padded of ['GEZDGNBVGY3TQOJQGE======', 'GEZDGNBVGY3TQOJQGE%3D%3D%3D%3D%3D%3D']) {
      expect(parseKeyUri(`otpauth://totp/Ada?secret=${padded}`).secret.length).toBe(11)
    }
  })

  it('divides the label at a literal colon, else at an encoded one', () => {
    expect(names('ACME:john')).toEqual(['ACME', 'john'])
    expect(names('ACME%3Ajohn')).toEqual(['ACME', 'john'])
    expect(names('ACME%3ajohn')).toEqual(['ACME', 'john'])
    expect(names('A%3AB:john')).toEqual(['A:B', 'john'])
    expect(names('ACME:john:doe')).toEqual(['ACME', 'john:doe'])
    expect(names('john')).toEqual(['', 'john'])
    expect(names(':john')).toEqual(['', 'john'])
    expect(names('%E6%9D%8E%3AB:john')).toEqual(['李:B', 'john'])
  })

  it('drops spaces between issuer and account, no others', () => {
    expect(names('ACME:%20Ada%20Lovelace')).toEqual(['ACME', 'Ada Lovelace'])
    expect(names('ACME:Ada%20Lovelace')).toEqual(['ACME', 'Ada Lovelace'])
    expect(names('ACME:%20john%20')).toEqual(['ACME', 'john '])
    expect(names('ACME%3A%20%20john')).toEqual(['ACME', 'john'])
    expect(names('%20ACME:john')).toEqual([' ACME', 'john'])
    expect(names('ACME:%C2%A0john')).toEqual(['ACME', '\u00a0john'])
  })

  it('believes the issuer parameter, also about where the label is divided', () => {
    expect(names('ACME:john', '&issuer=ACME')).toEqual(['ACME', 'john'])
    expect(names('john', '&issuer=ACME')).toEqual(['ACME', 'john'])
    expect(names('ACME:john', '&issuer=')).toEqual(['ACME', 'john'])
    // Microsoft's label and parameter differ.
    expect(names('Contoso:john', '&issuer=Microsoft')).toEqual(['Microsoft', 'john'])
    expect(names('Text%3A%20More:Secret', '&issuer=Text%3A%20More')).toEqual(['Text: More', 'Secret'])
    expect(names('Text%3A%20More%3ASecret', '&issuer=Text%3A%20More')).toEqual(['Text: More', 'Secret'])
  })

  it('takes a plus for a plus, in every place', () => {
    expect(names('My+App:ada+x', '&issuer=My+App')).toEqual(['My+App', 'ada+x'])
  })

  it('takes parameters it does not know, and slashes in a label', () => {
    expect(names('a/b', '&image=https%3A%2F%2Fexample.com%2Fx.png&color=&counter=5&x')).toEqual(['', 'a/b'])
    expect(parse('Ada', '&__proto__=1&constructor=2&t0=5')).toEqual({
      secret: rfcSecret,
      issuer: '',
      accountName: 'Ada',
      ...defaults,
    })
  })

  it("takes a parameter without '=' for one with an empty value", () => {
    expect(names('ACME:john', '&issuer')).toEqual(['ACME', 'john'])
    expect(names('ACME:john', '&ab&ac')).toEqual(['ACME', 'john'])
    for (const name of ['algorithm', 'digits', 'period']) expect(() => parse('john', `&${name}`)).toThrow(RangeError)
    expect(names('ACME:john', '&=1')).toEqual(['ACME', 'john'])
    expect(() => parse('john', '&=1&=2')).toThrow(new RangeError('uri must have each parameter only once'))
  })

  it('tells what is wrong with it', () => {
    for (const [uri, told] of [
      [1, 'uri must be a string'],
      ['otpauth://totp/Ada', 'secret must be 10 to 128 bytes long'],
      [`otpauth://totp/Ada?secret=0189`, "the uri's secret must be base32"],
      [`otpauth://totp/Ada?secret=${SECRET}&algorithm=MD5`, "the uri's algorithm must be SHA1, SHA256 or SHA512"],
      [`otpauth://totp/Ada?secret=${SECRET}&digits=5`, "the uri's digits must be a whole number from 6 to 8"],
      [`otpauth://totp/Ada?secret=${SECRET}&period=0`, "the uri's period must be a whole number from 1 to 3600"],
      [`otpauth://totp/?secret=${SECRET}`, "the uri's account name must be 1 to 255 characters long"],
      [`otpauth://totp/Ada%00?secret=${SECRET}`, "the uri's account name must be well-formed Unicode without U+0000"],
      [`otpauth://totp/Ada%0A?secret=${SECRET}`, "the uri's account name must not contain control characters"],
      [`otpauth://totp/A%0A:Ada?secret=${SECRET}`, "the uri's issuer must not contain control characters"],
      [
        `otpauth://totp/Ada?secret=${SECRET}&issuer=${'x'.repeat(256)}`,
        "the uri's issuer must be 0 to 255 characters long",
      ],
    ] as const) {
      expect(() => parseKeyUri(uri as string)).toThrow(told)
    }
  })

  it('refuses what is no TOTP key URI', () => {
    for (const uri of [
      '',
      'otpauth://',
      `otpauth://hotp/Ada?secret=${SECRET}&counter=0`,
      `otpauth://steam/Ada?secret=${SECRET}`,
      `otpauth:/totp/Ada?secret=${SECRET}`,
      `otpauth://totp?secret=${SECRET}`,
      `https://totp/Ada?secret=${SECRET}`,
      `otpauth-migration://offline?data=${SECRET}`,
      ` otpauth://totp/Ada?secret=${SECRET}`,
      `otpauth://totp/Ada?secret=${SECRET} `,
      `otpauth://totp/Ada?secret=${SECRET}\n`,
      `otpauth://totp/Ada?secret=${SECRET}#`,
      `otpauth://totp/Ada#x?secret=${SECRET}`,
      `otpauth://totp/A da?secret=${SECRET}`,
      `otpauth://totp/Ädä?secret=${SECRET}`,
      `otpauth://totp/Ada\u0000?secret=${SECRET}`,
      `\u{1d428}tpauth://totp/Ada?secret=${SECRET}`,
    ]) {
      expect(() => parseKeyUri(uri)).toThrow(new RangeError('uri must be an otpauth://totp/ URI'))
    }
  })

  it('refuses labels without an account, and names that no app would show', () => {
    for (const label of [
      '',
      'ACME:',
      'ACME%3A',
      '%20',
      'ACME:%20%20',
      'ada%00',
      'ada%0A',
      'A%07:ada',
      'ada%C2%85',
      'x'.repeat(256),
      `${'x'.repeat(256)}:ada`,
    ]) {
      expect(() => parse(label)).toThrow(RangeError)
    }
    expect(() => parse('ada', '&issuer=%0A')).toThrow(RangeError)
    expect(() => parse('ada', `&issuer=${'x'.repeat(256)}`)).toThrow(RangeError)
  })

  it('refuses broken percent-encoding', () => {
    for (const broken of ['%', '%4', '%zz', '%C3', '%ED%A0%80', '%C0%80', '%FF']) {
      expect(() => parse(broken)).toThrow(new RangeError('uri must be percent-encoded UTF-8'))
      expect(() => parse('Ada', `&issuer=${broken}`)).toThrow(RangeError)
      expect(() => parse('Ada', `&${broken}=1`)).toThrow(RangeError)
    }
  })

  it('refuses a parameter given twice, in whatever case', () => {
    for (const more of [
      `&secret=${SECRET}`,
      '&SECRET=A',
      '&issuer=A&issuer=A',
      '&digits=6&Digits=6',
      '&%73ecret=A',
      '&x=1&x=2',
    ]) {
      expect(() => parse('Ada', more)).toThrow(new RangeError('uri must have each parameter only once'))
    }
  })

  it('refuses secrets that are missing, no base32, too short or too long', () => {
    for (const query of [
      '',
      '?',
      '?secret',
      '?secret=',
      '?issuer=X',
      '?secret=0189',
      `?secret=${SECRET}!`,
      '?secret=GEZDGNBVGY3TQOI',
    ]) {
      expect(() => parseKeyUri(`otpauth://totp/Ada${query}`)).toThrow(RangeError)
    }
    for (const [length, fine] of [
      [9, false],
      [10, true],
      [128, true],
      [129, false],
    ] as const) {
      const read = (): KeyUri => parseKeyUri(`otpauth://totp/Ada?secret=${encodeBase32(new Uint8Array(length))}`)
      if (fine) expect(read().secret.length).toBe(length)
      else expect(read).toThrow(RangeError)
    }
  })

  it('refuses digits and periods out of range, or spelt as no integer is', () => {
    for (const digits of ['5', '9', '10', '', '06', '6.0', '+6', '6e0', '0x6', '-6', '%D9%A6', '%206']) {
      expect(() => parse('Ada', `&digits=${digits}`)).toThrow(RangeError)
    }
    for (const period of [
      '0',
      '3601',
      '1e21',
      '',
      '030',
      '30.0',
      '+30',
      '-30',
      'NaN',
      'Infinity',
      '99999999999999999999',
    ]) {
      expect(() => parse('Ada', `&period=${period}`)).toThrow(RangeError)
    }
    for (const period of [1, 3600]) expect(parse('Ada', `&period=${period}`).period).toBe(period)
  })

  it('refuses what is not a string', () => {
    for (const value of [
      undefined,
      null,
      1,
      ['otpauth://totp/Ada'],
      { toString: () => `otpauth://totp/Ada?secret=${SECRET}` },
    ]) {
      expect(() => parseKeyUri(value as never)).toThrow(TypeError)
    }
  })

  it('refuses more than 8192 characters before it reads one', () => {
    const short = `otpauth://totp/Ada?secret=${SECRET}&x=`
    expect(parseKeyUri(short + 'x'.repeat(8192 - short.length)).accountName).toBe('Ada')
    expect(() => parseKeyUri(short + 'x'.repeat(8193 - short.length))).toThrow(
      new RangeError('uri must be at most 8192 characters long'),
    )
    expect(() => parseKeyUri('%'.repeat(2 ** 24))).toThrow(new RangeError('uri must be at most 8192 characters long'))
  })

  it('throws nothing but a TypeError or RangeError of its own, which repeats nothing of the secret', () => {
    // An attacker reads the logs. One who can upload an export of another system chooses the text.
    const piece = fc.constantFrom(
      'otpauth://',
      'totp/',
      'hotp/',
      '?',
      '&',
      '=',
      ':',
      '%3A',
      '%',
      '#',
      ' ',
      '+',
      'secret=',
      'issuer=',
      'digits=7',
      'period=',
      'algorithm=sha1',
      SECRET,
      'ACME',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 16 }).map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (tail) => {
          for (const uri of [tail, `otpauth://totp/${tail}`, `otpauth://totp/Ada?secret=${SECRET}&${tail}`]) {
            try {
              const key = parseKeyUri(uri)
              expect(key.accountName).not.toBe('')
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError)
              expect((error as RangeError).message).toMatch(/^(uri|the uri's [a-z ]+|secret) must [^G]*$/)
              expect((error as RangeError).cause).toBeUndefined()
            }
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('answers with what formatKeyUri takes, where there is an issuer and no colon', () => {
    const key = parse('Contoso:%20john', '&issuer=Microsoft&algorithm=sha-256&digits=8&period=60')
    expect(parseKeyUri(formatKeyUri(key))).toEqual(key)
  })
})
