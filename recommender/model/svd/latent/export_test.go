package latent

// MostFactor is the largest number that Read takes.
const MostFactor = mostFactor
