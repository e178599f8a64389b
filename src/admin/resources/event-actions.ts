/** The actions that an event can have, as the API tells them. */

const names: readonly (readonly [action: string, name: string])[] = [
  ['login', 'Login'],
  ['login_failed', 'Login Failed'],
  ['logout', 'Logout'],
  ['user_write', 'User Write'],
  ['suspicious_request', 'Suspicious Request'],
  ['password_set', 'Password Set'],
  ['secret_view', 'Secret View'],
  ['secret_rotate', 'Secret Rotate'],
  ['authorize_application', 'Authorize Application'],
  ['policy_exception', 'Policy Exception'],
  ['property_mapping_exception', 'Property Mapping Exception'],
  ['system_exception', 'System Exception'],
  ['configuration_error', 'Configuration Error'],
  ['model_created', 'Model Created'],
  ['model_updated', 'Model Updated'],
  ['model_deleted', 'Model Deleted'],
  ['custom_', 'Custom Prefix'],
];

export const eventActions = names.map(([action, name]) => ({
  name,
  description: '',
  component: action,
  model_name: '',
}));
