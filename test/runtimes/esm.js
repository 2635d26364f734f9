// @ts-check
// The package as modules import it.
import process from 'node:process'
import * as leeway from 'leeway'
import * as http from 'leeway/http'
import * as memory from 'leeway/memory'
import * as qr from 'leeway/qr'
import * as testing from 'leeway/testing'
import * as totp from 'leeway/totp'
import { journey } from './journey.js'

process.stdout.write(JSON.stringify(await journey({ leeway, totp, memory, http, qr, testing })))
