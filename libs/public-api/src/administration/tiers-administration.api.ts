import { z } from 'zod';
import { publicTier, tierList } from '../endpoints/response.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { ADMINISTRATION, changing, CHANGING_ERRORS, reading } from './operator-operation.ts';
import { addTierPriceRequest, createTierRequest, tierPricesQuery, tierSlug, updateTierRequest } from './request.ts';
import { tierDeleted, tierPriceList, tierPriceVersion } from './response.ts';

const COLLECTION = `${ADMINISTRATION}/tiers` as const;
const params = z.object({ tier: tierSlug });
const changingTiers = { ...changing, systemRole: 'operator' } as const;
const errors = [...reading.errors, 'tier_not_found'] as const;
const changeErrors = [...CHANGING_ERRORS, 'tier_not_found'] as const;

export const adminListTiers = defineOperation({
  ...reading,
  operationId: 'adminListTiers',
  path: COLLECTION,
  summary: 'List tiers',
  description: 'All of them, in one page, with the prices that are valid now.',
  response: tierList,
});

export const adminGetTier = defineOperation({
  ...reading,
  operationId: 'adminGetTier',
  path: `${COLLECTION}/{tier}`,
  summary: 'Get tier',
  params,
  response: publicTier,
  errors,
});

export const adminCreateTier = defineOperation({
  ...changingTiers,
  operationId: 'adminCreateTier',
  method: 'post',
  path: COLLECTION,
  summary: 'Create tier',
  description: 'Limits that are omitted are unlimited. Its slug cannot be used again, even after the tier is deleted.',
  request: createTierRequest,
  example: { id: 'gpu_large', name: 'GPU, large', requests_per_minute: 600, tokens_per_minute: 400_000 },
  response: publicTier,
  errors: [...CHANGING_ERRORS, 'slug_taken', 'limit_exceeded'],
});

export const adminUpdateTier = defineOperation({
  ...changingTiers,
  operationId: 'adminUpdateTier',
  method: 'patch',
  path: `${COLLECTION}/{tier}`,
  summary: 'Update tier',
  description:
    'Changes the fields that are present. All gateways use changed limits for new requests within 30 seconds.',
  params,
  request: updateTierRequest,
  example: { requests_per_minute: 1_200 },
  response: publicTier,
  errors: changeErrors,
});

export const adminDeleteTier = defineOperation({
  ...changingTiers,
  operationId: 'adminDeleteTier',
  method: 'delete',
  path: `${COLLECTION}/{tier}`,
  summary: 'Delete tier',
  description: 'A tier that endpoints use cannot be deleted.',
  params,
  response: tierDeleted,
  errors: [...changeErrors, 'tier_in_use'],
});

export const adminListTierPrices = defineOperation({
  ...reading,
  operationId: 'adminListTierPrices',
  path: `${COLLECTION}/{tier}/prices`,
  summary: 'List prices of tier',
  description: 'All versions, the latest first.',
  params,
  query: tierPricesQuery,
  response: tierPriceList,
  errors,
});

export const adminAddTierPrice = defineOperation({
  ...changingTiers,
  operationId: 'adminAddTierPrice',
  method: 'post',
  path: `${COLLECTION}/{tier}/prices`,
  summary: 'Set prices of tier',
  description:
    'Adds a version. It must be valid from now or a later time on, and later than all other versions. Versions are never changed.',
  params,
  request: addTierPriceRequest,
  example: {
    input_micros: 500_000,
    cached_input_micros: 250_000,
    output_micros: 1_500_000,
    batch_discount_percent: 50,
  },
  response: tierPriceVersion,
  errors: changeErrors,
});

/** In the order of the reference. */
export const tiersAdministrationOperations = [
  adminListTiers,
  adminGetTier,
  adminCreateTier,
  adminUpdateTier,
  adminDeleteTier,
  adminListTierPrices,
  adminAddTierPrice,
] as const;
