import { describe, expect, it } from 'vitest'
import { levelFor } from '../../src/http/index.js'
import { enroll, settingOf } from '../service/setting.js'

describe('levelFor', () => {
  it('makes no session where a sign-in is denied, and one that reaches what the decision lets it', async () => {
    const setting = settingOf()
    const { leeway } = setting
    expect(levelFor(await leeway.signIn('ada'))).toBe('password')
    await leeway.requireEnrollment('ada', { period: { days: 30 } })
    expect(levelFor(await leeway.signIn('ada'))).toBe('password')
    expect(levelFor(await leeway.signIn('ada', { sensitive: true }))).toBe('setup')
    await leeway.requireEnrollment('ada', { period: 'none' })
    expect(levelFor(await leeway.signIn('ada'))).toBe('setup')
    await enroll(setting, 'ada')
    expect(levelFor(await leeway.signIn('ada'))).toBe('challenge')
    await leeway.suspend('ada')
    expect(levelFor(await leeway.signIn('ada'))).toBeNull()
  })
})
