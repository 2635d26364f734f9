import { scaleBand, scaleLinear, scalePoint } from 'd3-scale'
import type { Child } from 'hono/jsx'

const WIDTH = 640
const HEIGHT = 250
const SPACE = { top: 20, right: 142, bottom: 34, left: 40 }

const dayName = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const longDayName = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})
const brief = (date: string): string => dayName.format(Date.parse(date))

/** A drawing, what it says in a sentence, and its numbers as a table behind it. */
function Figure({
  label,
  head,
  rows,
  children,
}: {
  label: string
  head: readonly string[]
  rows: readonly (readonly [string, ...number[]])[]
  children: Child
}) {
  return (
    <figure class="chart">
      {/* On a phone it is wider than the page: it scrolls by itself, by keyboard, too. */}
      <section class="scroll" tabindex={0} aria-label={label}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
          {children}
        </svg>
      </section>
      <details>
        <summary>As a table</summary>
        <table>
          <caption class="visually-hidden">{label}</caption>
          <thead>
            <tr>
              {head.map((name, index) => (
                <th scope="col" class={index > 0 ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([date, ...numbers]) => (
              <tr>
                <th scope="row">{longDayName.format(Date.parse(date))}</th>
                {numbers.map((number) => (
                  <td class="number">{number}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}

function Grid({ ticks, y }: { ticks: readonly number[]; y: (value: number) => number }) {
  return (
    <g class="grid">
      {ticks.map((tick) => (
        <>
          <line x1={SPACE.left} x2={WIDTH - SPACE.right} y1={y(tick)} y2={y(tick)} />
          <text x={SPACE.left - 8} y={y(tick) + 4} text-anchor="end">
            {tick}
          </text>
        </>
      ))}
    </g>
  )
}

const wholeTicks = (scale: { ticks(count: number): number[] }) => scale.ticks(4).filter(Number.isInteger)

export interface ProgressDay {
  date: string
  enrolled: number
  required: number
}

/** How many have set up, of how many of whom it is required: two lines that are told apart by their pattern, too. */
export function BurnDown({ days }: { days: readonly ProgressDay[] }) {
  const last = days.at(-1)
  if (last === undefined) return <p class="hint">There is nothing to show yet.</p>
  const x = scalePoint(
    days.map(({ date }) => date),
    [SPACE.left, WIDTH - SPACE.right],
  )
  const most = Math.max(1, ...days.flatMap(({ enrolled, required }) => [enrolled, required]))
  const y = scaleLinear([0, most], [HEIGHT - SPACE.bottom, SPACE.top]).nice()
  const path = (value: (day: ProgressDay) => number) =>
    days.map((day, index) => `${index === 0 ? 'M' : 'L'}${x(day.date)} ${y(value(day))}`).join('')
  const labelled = days.filter((_, index) => (days.length - 1 - index) % 7 === 0)
  // Labels that would lie on one another are moved apart.
  const apart = Math.abs(y(last.enrolled) - y(last.required)) < 18 ? 12 : 0
  return (
    <Figure
      label={`Of ${last.required} who must set up, ${last.enrolled} have; day by day since ${brief(days[0]?.date ?? '')}`}
      head={['Day', 'Have set up', 'Must set up']}
      rows={days.map(({ date, enrolled, required }) => [date, enrolled, required] as const)}
    >
      <Grid ticks={wholeTicks(y)} y={y} />
      {labelled.map(({ date }) => (
        <text x={x(date)} y={HEIGHT - 12} text-anchor="middle">
          {brief(date)}
        </text>
      ))}
      <path class="line required" d={path(({ required }) => required)} />
      <path class="line enrolled" d={path(({ enrolled }) => enrolled)} />
      <circle class="end" cx={x(last.date)} cy={y(last.enrolled)} r="4" />
      <text class="label" x={WIDTH - SPACE.right + 10} y={y(last.required) + 4 - apart}>
        {last.required} must set up
      </text>
      <text class="label accent" x={WIDTH - SPACE.right + 10} y={y(last.enrolled) + 4 + apart}>
        {last.enrolled} have set up
      </text>
    </Figure>
  )
}

export interface ForecastDay {
  date: string
  deadlines: number
}

/** On which days time will be up, and for how many: bars with their number on top. */
export function Forecast({ days }: { days: readonly ForecastDay[] }) {
  const most = Math.max(1, ...days.map(({ deadlines }) => deadlines))
  const total = days.reduce((sum, { deadlines }) => sum + deadlines, 0)
  const x = scaleBand(
    days.map(({ date }) => date),
    [SPACE.left, WIDTH - 16],
  ).padding(0.25)
  const y = scaleLinear([0, most], [HEIGHT - SPACE.bottom, SPACE.top])
  const at = (date: string) => (x(date) ?? 0) + x.bandwidth() / 2
  return (
    <Figure
      label={`Time will be up for ${total} in the coming ${days.length} days, unless they set up`}
      head={['Day', 'Deadlines']}
      rows={days.filter(({ deadlines }) => deadlines > 0).map(({ date, deadlines }) => [date, deadlines] as const)}
    >
      <line class="axis" x1={SPACE.left} x2={WIDTH - 16} y1={HEIGHT - SPACE.bottom} y2={HEIGHT - SPACE.bottom} />
      {days.map(({ date, deadlines }, index) => (
        <>
          {deadlines > 0 && (
            <>
              <rect
                class="bar"
                x={x(date)}
                width={x.bandwidth()}
                y={y(deadlines)}
                height={HEIGHT - SPACE.bottom - y(deadlines)}
                rx="2"
              />
              <text class="label" x={at(date)} y={y(deadlines) - 6} text-anchor="middle">
                {deadlines}
              </text>
            </>
          )}
          {index % 7 === 0 && (
            <text x={at(date)} y={HEIGHT - 12} text-anchor="middle">
              {index === 0 ? 'today' : brief(date)}
            </text>
          )}
        </>
      ))}
    </Figure>
  )
}
