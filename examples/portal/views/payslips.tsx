import { moment } from './words.js'

/** Something that must not be reached without a code, inside the enrollment period either. */
export function PayslipsPage({ months }: { months: readonly { at: number; net: string }[] }) {
  return (
    <section class="card">
      <h1>Payslips</h1>
      <p>You see these because you have shown a code of your authenticator in this session.</p>
      <table>
        <caption class="visually-hidden">Your payslips</caption>
        <thead>
          <tr>
            <th scope="col">Paid</th>
            <th scope="col" class="number">
              Net
            </th>
          </tr>
        </thead>
        <tbody>
          {months.map(({ at, net }) => (
            <tr>
              <td>{moment(at)}</td>
              <td class="number">{net}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
