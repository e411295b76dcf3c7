// Package config holds everything that is decided outside the code: the
// settings of an installation, the rule set of a call for funding, the
// catalogue of rules with their French texts, and the layout of the templates.
//
//   - [Config] is guichet.yaml and its overrides from the environment;
//   - [Programme] is one call (AF-PHA-LGO-Va1 is embedded): calendar,
//     categories, ceilings, rates, shares, mentions, its history, and what it
//     says in words of its own. No constant of the call stands in code;
//   - [Catalogue] is the one list of rules: code, section, outcome, message
//     and remedy. [Programme.Finding] makes findings from it, in the words of
//     the programme; reports and documentation are made from it too;
//   - [Template] lists the columns of AVANCE, SOLDE and FIN.
//
// Guarantees: an unknown key or a value out of range is an error that names
// the file, the line and what was expected; a Programme carries the digest of
// the bytes it was read from.
//
// Not guaranteed: that a storage or ledger URL leads anywhere.
package config
