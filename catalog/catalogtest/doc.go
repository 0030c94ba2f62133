// Package catalogtest holds the contract of a store of facts as tests, which
// every database that catalog/sqlstore works on must pass with the same
// assertions.
package catalogtest
