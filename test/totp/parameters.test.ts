import { describe, expect, it } from 'vitest'
import {
  decodeBase32,
  encodeBase32,
  formatKeyUri,
  generateHotp,
  generateSecret,
  generateTotp,
  prepareTotp,
  type TotpParameters,
  timeStepAt,
  verifyHotp,
  verifyTotp,
} from '../../src/totp/index.js'
import { drawSecret } from '../../src/totp/secret.js'
import { rfcSecret } from './oracle.js'

type Run = (parameters: TotpParameters) => unknown

const hotp: Record<string, Run> = {
  generateHotp: (parameters) => generateHotp(rfcSecret, 0, parameters),
  verifyHotp: (parameters) => verifyHotp(rfcSecret, 'no code', { counter: 0, ...parameters }),
}
const totp: Record<string, Run> = {
  timeStepAt: (parameters) => timeStepAt(1e12, parameters),
  generateTotp: (parameters) => generateTotp(rfcSecret, 1e12, parameters),
  verifyTotp: (parameters) => verifyTotp(rfcSecret, 'no code', { now: 1e12, ...parameters }),
  prepareTotp: (parameters) => prepareTotp(rfcSecret, parameters),
  formatKeyUri: (parameters) => formatKeyUri({ secret: rfcSecret, issuer: 'A', accountName: 'b', ...parameters }),
}

function refuses(runs: Record<string, Run>, name: string, kind: typeof TypeError, values: readonly unknown[]): void {
  for (const run of Object.values(runs)) {
    for (const value of values) {
      expect(() => run({ [name]: value })).toThrow(kind)
      expect(() => run({ [name]: value })).toThrow(new RegExp(`^${name} must be `))
    }
  }
}

describe('parameters', () => {
  it('an algorithm is one of three, in one spelling', () => {
    refuses({ ...hotp, ...totp }, 'algorithm', RangeError, [
      'sha1',
      'SHA-1',
      'MD5',
      'SHA384',
      '',
      'toString',
      '__proto__',
    ])
    refuses({ ...hotp, ...totp }, 'algorithm', TypeError, [
      null,
      1,
      ['SHA1'],
      { toString: () => 'SHA1' },
      new String('SHA1'),
    ])
  })

  it('digits are 6, 7 or 8', () => {
    refuses({ ...hotp, ...totp }, 'digits', RangeError, [5, 9, 10, 0, -6, 6.5, Number.NaN, Number.POSITIVE_INFINITY])
    refuses({ ...hotp, ...totp }, 'digits', TypeError, ['6', null, 6n, [6], new Number(6)])
  })

  it('a period is 1 to 3600 whole seconds', () => {
    refuses(totp, 'period', RangeError, [0, -30, 3601, 0.5, 30.5, Number.NaN, Number.POSITIVE_INFINITY])
    refuses(totp, 'period', TypeError, ['30', null, 30n, {}])
    for (const period of [1, 3600]) for (const run of Object.values(totp)) run({ period })
  })

  it('t0 is whole seconds from 0 to the last instant', () => {
    refuses(totp, 't0', RangeError, [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 8.64e12 + 1])
    refuses(totp, 't0', TypeError, ['0', null, 0n, new Date(0)])
  })

  it('undefined is the default', () => {
    for (const run of [...Object.values(hotp), ...Object.values(totp)]) {
      run({ algorithm: undefined, digits: undefined, period: undefined, t0: undefined })
    }
    expect(generateTotp(rfcSecret, 59_000, { digits: undefined })).toBe('287082')
    expect(generateTotp(rfcSecret, 59_000, undefined)).toBe('287082')
  })

  it('parameters are an object', () => {
    for (const value of [null, 'SHA1', 6, [], () => undefined]) {
      expect(() => generateTotp(rfcSecret, 0, value as never)).toThrow(TypeError)
      expect(() => generateHotp(rfcSecret, 0, value as never)).toThrow(TypeError)
      expect(() => verifyTotp(rfcSecret, '000000', value as never)).toThrow(TypeError)
      expect(() => formatKeyUri(value as never)).toThrow(TypeError)
    }
  })
})

describe('an argument that is wrong', () => {
  const wrong: readonly (readonly [name: string, run: () => unknown])[] = [
    ['bytes', () => encodeBase32('hi' as never)],
    ['text', () => decodeBase32(7 as never)],
    ['byteLength', () => generateSecret(15)],
    ['what random returns', () => drawSecret(() => new Uint8Array(19))],
    ['counter', () => generateHotp(rfcSecret, -1)],
    ['parameters', () => generateHotp(rfcSecret, 0, null as never)],
    ['check', () => verifyHotp(rfcSecret, '000000', null as never)],
    ['counter', () => verifyHotp(rfcSecret, '000000', { counter: -1 })],
    ['lookAhead', () => verifyHotp(rfcSecret, '000000', { counter: 0, lookAhead: 101 })],
    ['parameters', () => timeStepAt(0, null as never)],
    ['now', () => timeStepAt(-1)],
    ['parameters', () => generateTotp(rfcSecret, 0, null as never)],
    ['now', () => generateTotp(rfcSecret, -1)],
    ['check', () => verifyTotp(rfcSecret, '000000', null as never)],
    ['now', () => verifyTotp(rfcSecret, '000000', {} as never)],
    ['window', () => verifyTotp(rfcSecret, '000000', { now: 0, window: '1' as never })],
    ['afterTimeStep', () => verifyTotp(rfcSecret, '000000', { now: 0, afterTimeStep: -1 })],
    ['parameters', () => prepareTotp(rfcSecret, null as never)],
    ['check', () => prepareTotp(rfcSecret).verify('000000', null as never)],
    ['key', () => formatKeyUri(null as never)],
  ]

  it.each(wrong)('is named: %s', (name, run) => {
    expect(run).toThrow(new RegExp(`^${name} must be `))
  })
})

describe('a drift window', () => {
  const withWindow = (window: unknown): unknown =>
    verifyTotp(rfcSecret, 'no code', { now: 1e12, window: window as number })

  it('is at most 10 steps in all', () => {
    for (const window of [0, 5, { past: 10, future: 0 }, { past: 0, future: 10 }, { past: 5, future: 5 }])
      withWindow(window)
    for (const window of [6, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => withWindow(window)).toThrow(new RangeError('window must be a whole number from 0 to 5'))
    }
    for (const [past, future] of [
      [6, 5],
      [10, 1],
      [1, 10],
    ]) {
      expect(() => withWindow({ past, future })).toThrow(new RangeError('window must be at most 10 steps in all'))
    }
    for (const past of [11, -1, 1.5, Number.NaN])
      expect(() => withWindow({ past, future: 0 })).toThrow(/^window\.past must be/)
    for (const future of [11, -1, 1.5, Number.NaN])
      expect(() => withWindow({ past: 0, future })).toThrow(/^window\.future must be/)
  })

  it('is a number or both sides, nothing else', () => {
    for (const window of [null, '1', [1, 1], true, {}, { past: 1 }, { future: 1 }, { past: '1', future: 1 }]) {
      expect(() => withWindow(window)).toThrow(TypeError)
    }
  })
})

describe('afterTimeStep', () => {
  it('is a whole number from 0', () => {
    const run = (afterTimeStep: unknown): unknown =>
      verifyTotp(rfcSecret, 'no code', { now: 0, afterTimeStep: afterTimeStep as number })
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => run(value)).toThrow(RangeError)
    for (const value of ['0', null, 0n]) expect(() => run(value)).toThrow(TypeError)
    for (const value of [0, 2 ** 53 - 1, undefined]) run(value)
  })
})

describe('a secret', () => {
  const uses: Record<string, (secret: Uint8Array) => unknown> = {
    generateHotp: (secret) => generateHotp(secret, 0),
    verifyHotp: (secret) => verifyHotp(secret, 'no code', { counter: 0 }),
    generateTotp: (secret) => generateTotp(secret, 0),
    verifyTotp: (secret) => verifyTotp(secret, 'no code', { now: 0 }),
    prepareTotp: (secret) => prepareTotp(secret),
    formatKeyUri: (secret) => formatKeyUri({ secret, issuer: 'A', accountName: 'b' }),
  }

  for (const [name, use] of Object.entries(uses)) {
    it(`has 10 to 128 bytes for ${name}`, () => {
      for (const length of [10, 128]) use(new Uint8Array(length))
      for (const length of [0, 1, 9, 129]) {
        expect(() => use(new Uint8Array(length))).toThrow(new RangeError('secret must be 10 to 128 bytes long'))
      }
      for (const value of [
        'GEZDGNBVGY3TQOJQ',
        null,
        undefined,
        Array(20).fill(1),
        new ArrayBuffer(20),
        new DataView(new ArrayBuffer(20)),
      ]) {
        expect(() => use(value as never)).toThrow(new TypeError('secret must be a Uint8Array'))
      }
    })
  }

  it('may be a Buffer, or a part of a larger one', () => {
    const larger = Buffer.concat([Buffer.from('xxxxx'), rfcSecret, Buffer.from('yyyyy')])
    expect(generateHotp(larger.subarray(5, 25), 0)).toBe('755224')
    expect(generateHotp(new Uint8Array(larger.buffer, larger.byteOffset + 5, 20), 0)).toBe('755224')
  })
})
