"""Tests of the configuration of images, the gateway, Kubernetes and Azure."""
