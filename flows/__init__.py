"""What runs: one folder a job, its pure logic beside its flow."""
