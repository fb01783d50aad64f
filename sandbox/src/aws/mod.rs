//! The local AWS: awsJson1.1 for the services that Leastwise calls.
