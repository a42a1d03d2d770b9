"""The function StatusWebhook of modules/producer: posts a producer's statuses to its URL, signed.

It runs in the producer's account, without the engine: its archive contains this package and one library.
"""
