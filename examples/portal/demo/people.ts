/** FOR SHOW ONLY. Who works at Halden, and what has become of each of them by the day the demo begins. */

/** What became of somebody; `seed.ts` makes it happen. */
export type Story =
  | 'administrator'
  | 'pilot'
  | 'enrolled'
  | 'open'
  | 'soon'
  | 'waiting'
  | 'started'
  | 'counted'
  | 'overdue'
  | 'pass'
  | 'dormant'
  | 'scheduled'
  | 'exempt'
  | 'suspended'
  | 'locked'
  | 'optional'

export interface Person {
  id: string
  name: string
  team: string
  story: Story
}

/** Everybody's, printed on the sign-in page. */
export const DEMO_PASSWORD = 'velvet-otter-lantern'

export const emailOf = ({ id }: Pick<Person, 'id'>): string => `${id}@halden.example`

const people = (team: string, story: Story, ...named: readonly (readonly [id: string, name: string])[]): Person[] =>
  named.map(([id, name]) => ({ id, name, team, story }))

export const PEOPLE: readonly Person[] = [
  ...people('IT', 'administrator', ['olivia.brandt', 'Olivia Brandt']),
  ...people(
    'IT',
    'pilot',
    ['noor.haddad', 'Noor Haddad'],
    ['pekka.virtanen', 'Pekka Virtanen'],
    ['ifeoma.nwosu', 'Ifeoma Nwosu'],
    ['linh.tran', 'Trần Mỹ Linh'],
    ['goran.petrovic', 'Goran Petrović'],
  ),
  ...people(
    'Design',
    'enrolled',
    ['amara.okafor', 'Amara Okafor'],
    ['beatriz.lima', 'Beatriz Lima'],
    ['chiara.rossi', 'Chiara Rossi'],
    ['dimitra.pappa', 'Δήμητρα Παππά'],
    ['eilidh.mackay', 'Eilidh MacKay'],
    ['fatima.elamrani', 'Fatima El Amrani'],
    ['gunnar.lund', 'Gunnar Lund'],
    ['hana.sato', 'Satō Hana'],
  ),
  ...people(
    'Sales',
    'enrolled',
    ['ines.garcia', 'Inés García'],
    ['jakub.nowak', 'Jakub Nowak'],
    ['katarzyna.wojcik', 'Katarzyna Wójcik'],
    ['lars.holm', 'Lars Holm'],
    ['minjun.kim', 'Kim Min-jun'],
    ['nasrin.karimi', 'نسرین کریمی'],
    ['oscar.vandenberg', 'Oscar van den Berg'],
  ),
  ...people(
    'Production',
    'open',
    ['ada.lindqvist', 'Ada Lindqvist'],
    ['bogdan.ionescu', 'Bogdan Ionescu'],
    ['carmen.ruiz', 'Carmen Ruiz'],
    ['daan.devries', 'Daan de Vries'],
    ['elif.yilmaz', 'Elif Yılmaz'],
    ['ferenc.nagy', 'Nagy Ferenc'],
    ['grainne.oreilly', 'Gráinne O’Reilly'],
    ['hugo.tremblay', 'Hugo Tremblay'],
    ['ivan.kovalenko', 'Іван Коваленко'],
    ['jelena.markovic', 'Jelena Marković'],
    ['maria.albuquerque', 'Maria Aparecida dos Santos Figueiredo de Albuquerque e Castro'],
    ['sukarno', 'Sukarno'],
    ['front.desk', ''],
  ),
  ...people(
    'Finance',
    'soon',
    ['kwame.mensah', 'Kwame Mensah'],
    ['lucia.ferrari', 'Lucia Ferrari'],
    ['matthias.huber', 'Matthias Huber'],
  ),
  ...people(
    'Finance',
    'enrolled',
    ['nanami.ito', 'Itō Nanami'],
    ['olu.adeyemi', 'Olú Adéyẹmí'],
    ['priya.nair', 'Priya Nair'],
  ),
  ...people('Finance', 'counted', ['ruth.weiss', 'Ruth Weiß']),
  ...people(
    'Contractors',
    'waiting',
    ['quentin.dubois', 'Quentin Dubois'],
    ['rosa.mendes', 'Rosa Mendes'],
    ['soren.krogh', 'Søren Krogh'],
  ),
  ...people('Contractors', 'started', ['tereza.svobodova', 'Tereza Svobodová'], ['umut.kaya', 'Umut Kaya']),
  ...people(
    'Logistics',
    'overdue',
    ['tomas.silva', 'Tomás Silva'],
    ['valentina.popescu', 'Valentina Popescu'],
    ['wanjiru.kamau', 'Wanjirũ Kamau'],
  ),
  ...people('Logistics', 'pass', ['yuki.tanaka', 'Tanaka Yuki'], ['xin.wang', 'Wang Xin']),
  ...people('Logistics', 'dormant', ['zoltan.szabo', 'Szabó Zoltán']),
  ...people(
    'Apprentices',
    'scheduled',
    ['anna.schmid', 'Anna Schmid'],
    ['ben.okoye', 'Ben Okoye'],
    ['chloe.martin', 'Chloé Martin'],
    ['deniz.aydin', 'Deniz Aydın'],
  ),
  ...people('Board', 'exempt', ['eva.lang', 'Eva Lang'], ['fredrik.dahl', 'Fredrik Dahl']),
  ...people('Production', 'suspended', ['gita.sharma', 'Gita Sharma'], ['henrik.moe', 'Henrik Moe']),
  ...people('Sales', 'locked', ['isla.campbell', 'Isla Campbell']),
  ...people(
    'Works council',
    'optional',
    ['joao.costa', 'João Costa'],
    ['klara.vogel', 'Klara Vogel'],
    ['liam.byrne', 'Liam Byrne'],
    ['mira.cohen', 'מירה כהן'],
  ),
]

export interface FeaturedAccount {
  name: string
  email: string
  about: string
}

const featured = (id: string, about: string): FeaturedAccount => ({
  name: PEOPLE.find((person) => person.id === id)?.name ?? id,
  email: emailOf({ id }),
  about,
})

/** One account for each thing that can happen. */
export const FEATURED: readonly FeaturedAccount[] = [
  featured('olivia.brandt', 'Administrator. Her authenticator is on the demo’s phone.'),
  featured('ada.lindqvist', 'Has time left: is offered set-up, may say “not now”.'),
  featured('noor.haddad', 'Has set up. Her authenticator is on the demo’s phone.'),
  featured('tomas.silva', 'His time is over: set-up comes first.'),
  featured('yuki.tanaka', 'Her time is over, and set-up needs a pass from Olivia.'),
  featured('ruth.weiss', 'May say “not now” twice.'),
  featured('klara.vogel', 'Nothing is required of her.'),
  featured('gita.sharma', 'Suspended.'),
]
