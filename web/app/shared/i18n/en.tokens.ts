// Texts of API tokens.
export const tokens = {
  'tokens.title': 'API tokens',
  'tokens.subtitle': 'For scripts and other systems that use the API as you would.',
  'tokens.create': 'New token',
  'tokens.role': 'Role',
  'tokens.expires': 'Expires',
  'tokens.used': 'Last used',
  'tokens.days': 'In {n} days',
  'tokens.empty': 'No tokens yet',
  'tokens.empty.text': 'A token carries a role and an end date.',
  'tokens.made': 'Copy the token now',
  'tokens.made.text': 'It is shown only this once. Who has it can act in your tenant.',
  'tokens.token': 'Token',
  'tokens.delete': 'Delete token?',
  'tokens.delete.named': 'Delete token {name}',
  'tokens.delete.text': '“{name}” stops working at once.',
} as const satisfies Record<string, string>
