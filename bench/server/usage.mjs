import { readFileSync } from 'node:fs'

const TICK_US = 1e6 / 100 // USER_HZ

/** CPU time that a process has spent so far, user and system, in microseconds; its children left out. Linux only. */
export function cpuUs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident memory of a process, in MiB. Linux only. */
export function residentMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}
