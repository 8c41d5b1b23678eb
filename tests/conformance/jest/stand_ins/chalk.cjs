// Stands in for `chalk`. Messages have no colours here: the tests that ask for one are listed as exceptions.
module.exports = { enabled: false };
