export const COMPANY = 'Halden'
