module.exports = {
  transform: {
    '\\.[mc]?js$': [
      require.resolve('babel-jest'),
      { presets: [[require.resolve('@babel/preset-env'), { targets: { node: 'current' } }]] },
    ],
  },
  transformIgnorePatterns: ['/dist/', '/node_modules/'],
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json'],
  testMatch: ['**/*.test.js'],
};
