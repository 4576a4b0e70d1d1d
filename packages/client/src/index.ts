export { Producer } from './producer/producer.ts'
