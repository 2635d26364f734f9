import { describe, expect, it } from 'vitest'
import { settingOf } from './setting.js'

describe('decide', () => {
  it('asks a session for more where it is about to do something sensitive', async () => {
    const { leeway } = settingOf()
    await leeway.requireEnrollment('ada', { period: { days: 3 } })
    expect(await leeway.decide('ada')).toMatchObject({ action: 'offer-setup' })
    expect(await leeway.decide('ada', { sensitive: true })).toMatchObject({
      action: 'require-setup',
      reason: 'sensitive',
    })
    expect(await leeway.decide('ada', { sensitive: false })).toMatchObject({ action: 'offer-setup' })
  })

  it('counts no sign-in, and starts no period that waits for one', async () => {
    const { leeway, told } = settingOf()
    await leeway.requireEnrollment('ada', { period: { days: 3, start: 'first-sign-in' }, postponements: 0 })
    const before = told.length
    expect(await leeway.decide('ada')).toMatchObject({ action: 'offer-setup', postponementsLeft: 0 })
    expect(told).toHaveLength(before)
    expect(await leeway.signIn('ada')).toMatchObject({ action: 'require-setup', reason: 'postponements-used' })
  })
})
