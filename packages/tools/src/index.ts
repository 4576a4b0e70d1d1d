// The utilities are executables; what this door offers is what their documentation is made from.
export { toolsFlagsPage } from './flags-page.ts'
