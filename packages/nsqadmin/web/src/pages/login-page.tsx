import { useState } from 'react'
import type { FormEvent } from 'react'
import type { SessionAnswer, SessionLoginBody } from '../../../server/api-types.ts'
import { send } from '../api/client.ts'
import { api } from '../api/paths.ts'
import { queryClient } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { PageHead } from '../ui/page-head.tsx'

/** Stands in place of whatever page was asked for; that page is shown once the reader is known. */
export function LoginPage() {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)

  async function logIn(event: FormEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    const body: SessionLoginBody = { user, password }
    try {
      const session = await send<SessionAnswer>('POST', api.session, body)
      queryClient.setQueryData([api.session], session)
      void queryClient.invalidateQueries()
    } catch (failure) {
      setPassword('')
      setError((failure as Error).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="mx-auto mt-[10vh] max-w-80 rounded-lg border border-line bg-surface p-5">
      <PageHead title="Log in" />
      <form onSubmit={(event) => void logIn(event)}>
        <TextField
          label="User"
          autoComplete="username"
          autoFocus
          required
          value={user}
          onChange={(event) => setUser(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <p role="alert" className="min-h-5 text-sm text-bad">
          {error}
        </p>
        <Button type="submit" kind="primary" disabled={busy || user === '' || password === ''} className="mt-2 w-full">
          Log in
        </Button>
      </form>
    </div>
  )
}
