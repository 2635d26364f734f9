const STEPS = ['Get an app', 'Add the account', 'Check'] as const

/** Where somebody is among the three steps of set-up. */
export function Steps({ at }: { at: 1 | 2 | 3 }) {
  return (
    <nav aria-label="Steps of set-up" class="steps">
      <ol>
        {STEPS.map((name, index) => (
          <li class={index + 1 < at ? 'done' : ''} aria-current={index + 1 === at ? 'step' : undefined}>
            <span class="dot">{index + 1}</span>
            <span>
              {name}
              {index + 1 < at && <span class="visually-hidden"> (done)</span>}
            </span>
          </li>
        ))}
      </ol>
    </nav>
  )
}
