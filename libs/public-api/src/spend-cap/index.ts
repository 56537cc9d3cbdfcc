export { getSpendCap, setSpendCap, spendCapOperations } from './spend-cap.api.ts';
