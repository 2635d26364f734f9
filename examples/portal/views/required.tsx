import { Icon } from './icons.js'

interface RequiredProps {
  reason: 'overdue' | 'postponements-used' | 'sensitive'
  passRequired: boolean
  query: string
  /** where somebody can go back to who need not set up yet */
  back: string | null
}

const WHY = {
  overdue: 'Your time to set up two-step sign-in is over. It is the only way on from here, and it takes three minutes.',
  'postponements-used':
    'You have put set-up off as often as that was possible. It is the only way on from here, and it takes three minutes.',
  sensitive: 'What you want to open is kept behind a second step for everybody. Set it up now, or go back for today.',
} as const

export function RequiredPage({ reason, passRequired, query, back }: RequiredProps) {
  return (
    <section class="card">
      <h1>
        <Icon name="lock" /> Set up two-step sign-in
      </h1>
      <p class="lead">{WHY[reason]}</p>
      <p>You need an app on your phone or computer. We go through it in three steps.</p>
      {passRequired && (
        <p class="info">
          <Icon name="key" /> You need a pass for it, so that nobody else can do it in your name. The help desk gives it
          to you in person: room 0.14, or telephone 4711.
        </p>
      )}
      <div class="actions">
        <a class="button primary" href={`/setup${query}`}>
          {passRequired ? 'I have a pass' : 'Set up now'}
        </a>
        {back !== null && (
          <a class="button" href={back}>
            Back
          </a>
        )}
      </div>
    </section>
  )
}
