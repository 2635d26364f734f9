import type { ReactNode } from 'react'
import { signIn } from './actions'

interface Props {
  searchParams: Promise<{ return_to?: string; wrong?: string }>
}

export default async function SignIn({ searchParams }: Props): Promise<ReactNode> {
  const { return_to: next = '/', wrong } = await searchParams
  return (
    <form action={signIn}>
      <h1>Sign in</h1>
      {wrong === undefined ? null : <p role="alert">That was not right.</p>}
      <label>
        User <input name="user" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <input type="hidden" name="return_to" value={next} />
      <button type="submit">Sign in</button>
    </form>
  )
}
