import type { ReactNode } from 'react'
import { whoMay } from '../../lib/standing'

export default async function Payslips(): Promise<ReactNode> {
  const { userId } = await whoMay('/payslips', { sensitive: true })
  return <h1>Payslips of {userId}</h1>
}
