"""Questions and answers that have no home in the app: attacks and proofs that learners write."""
